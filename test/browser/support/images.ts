import { randomFillSync } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { scratchDirectory } from './scratch.ts'

/** Pictures of noise, half of them PNG, half JPEG, from less than one to several hundred kilobytes. */
export async function makeImages(page: Page, count: number): Promise<Map<string, Buffer>> {
  const images = new Map<string, Buffer>()
  for (let index = 0; index < count; index++) {
    const size = 12 + Math.round((index / count) * 388)
    const isPng = index % 2 === 0
    const name = `photo ${index}.${isPng ? 'png' : 'jpg'}`
    images.set(name, isPng ? png(size, size) : await jpeg(page, size))
  }
  return images
}

/**
 * Picks files on the page, as a person would. `forget` then takes them from the disk, so that whoever still has their
 * bytes has kept them.
 */
export async function pick(page: Page, files: ReadonlyMap<string, Buffer>): Promise<{ forget(): void }> {
  const directory = join(scratchDirectory(), 'picked')
  mkdirSync(directory)
  const paths = [...files].map(([name, bytes]) => {
    const path = join(directory, name)
    writeFileSync(path, bytes)
    return path
  })
  await page.setInputFiles('#files', paths)
  return { forget: () => rmSync(directory, { recursive: true }) }
}

/** A true-colour PNG of noise, which does not compress: 3 bytes a pixel. */
export function png(width: number, height: number): Buffer {
  const rows = randomFillSync(Buffer.alloc((width * 3 + 1) * height))
  // Each row begins with its filter: none.
  for (let row = 0; row < height; row++) rows[row * (width * 3 + 1)] = 0
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, checksum])
}

/** A JPEG as the browser's own encoder makes it. */
async function jpeg(page: Page, size: number): Promise<Buffer> {
  const base64 = await page.evaluate(async (side) => {
    const canvas = new OffscreenCanvas(side, side)
    const context = canvas.getContext('2d')
    const image = new ImageData(side, side)
    for (let at = 0; at < image.data.length; at += 65_536) {
      crypto.getRandomValues(image.data.subarray(at, at + 65_536))
    }
    for (let alpha = 3; alpha < image.data.length; alpha += 4) image.data[alpha] = 255
    context?.putImageData(image, 0, 0)
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
    const bytes = new Uint8Array(await blob.arrayBuffer())
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  }, size)
  return Buffer.from(base64, 'base64')
}
