import { PhotonImage, resize, SamplingFilter } from '@cf-wasm/photon/workerd'
import { FatalError } from 'holdfast'

/** The longer side of a thumbnail, in pixels. */
const longest = 160

/** A WebP of an image. What cannot be read as one never will be: that is fatal for its job. */
export function thumbnailOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const image = read(bytes)
  const [width, height] = [image.get_width(), image.get_height()]
  const scale = Math.min(1, longest / Math.max(width, height))
  const size = (side: number): number => Math.max(1, Math.round(side * scale))
  const small = resize(image, size(width), size(height), SamplingFilter.Lanczos3)
  try {
    return new Uint8Array(small.get_bytes_webp())
  } finally {
    // Their memory is the module's own, which no garbage collector looks after.
    small.free()
    image.free()
  }
}

function read(bytes: Uint8Array): PhotonImage {
  try {
    return PhotonImage.new_from_byteslice(bytes)
  } catch (cause) {
    throw new FatalError('Cannot make a thumbnail: this is no image that can be read', { cause })
  }
}
