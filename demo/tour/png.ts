import { encodePng } from '../server/png.ts'

/** A small PNG; each number gives another picture. */
export function makePng(number: number): Buffer<ArrayBuffer> {
  return encodePng(64, 3, (x, y) => {
    const wave = Math.sin((x * (1 + (number % 7)) + y * (1 + (number % 5))) / 9 + number)
    return [128 + 100 * wave, (number * 37 + y * 2) & 255, (number * 11 + x * 2) & 255]
  })
}
