import { crc32, deflateSync } from 'node:zlib'

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Red, green and blue, and how opaque it is if the picture may be transparent: each from 0 to 255. */
export type Colour = readonly [number, number, number] | readonly [number, number, number, number]

/** A square picture as a PNG. `colourAt` is asked for each point, and gives as many channels as `channels` says. */
export function encodePng(
  side: number,
  channels: 3 | 4,
  colourAt: (x: number, y: number) => Colour,
): Buffer<ArrayBuffer> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  // 8 bits each of red, green and blue, with or without transparency.
  header.set([8, channels === 4 ? 6 : 2, 0, 0, 0], 8)
  const rows = Buffer.alloc(side * (1 + side * channels))
  for (let y = 0; y < side; y++) {
    // Each row begins with its filter: none.
    const start = y * (1 + side * channels) + 1
    for (let x = 0; x < side; x++) rows.set(colourAt(x, y), start + x * channels)
  }
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([signature, ...chunks])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(body, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
