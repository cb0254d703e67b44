const width = 1_280
const height = 960

/** Makes real image files, so that the page can be tried without any at hand. */
export async function makeSamples(count: number): Promise<File[]> {
  return Promise.all(Array.from({ length: count }, () => makeSample()))
}

async function makeSample(): Promise<File> {
  const random = randomNumbers()
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('Cannot make a sample: this browser has no canvas')
  paint(context, random)
  const isPng = random() < 0.3
  const type = isPng ? 'image/png' : 'image/jpeg'
  const blob = await blobOf(canvas, type)
  const place = places[Math.floor(random() * places.length)] ?? 'somewhere'
  const number = String(Math.floor(random() * 900) + 100)
  return new File([blob], `${place}-${number}.${isPng ? 'png' : 'jpg'}`, { type })
}

const places = ['kelp', 'tideline', 'harbour', 'skerry', 'sound', 'cove', 'shoal', 'breakwater']

/** A sky, a sun and some waves. */
function paint(context: CanvasRenderingContext2D, random: () => number): void {
  const hue = Math.floor(random() * 360)
  const sky = context.createLinearGradient(0, 0, 0, height)
  sky.addColorStop(0, `hsl(${hue} 60% 78%)`)
  sky.addColorStop(1, `hsl(${hue + 50} 70% 62%)`)
  context.fillStyle = sky
  context.fillRect(0, 0, width, height)
  context.fillStyle = `hsl(${hue + 40} 90% 92%)`
  context.beginPath()
  context.arc(width * (0.2 + random() * 0.6), height * (0.2 + random() * 0.2), 60 + random() * 90, 0, 7)
  context.fill()
  for (let layer = 0; layer < 5; layer++) wave(context, random, hue + 160, layer)
}

function wave(context: CanvasRenderingContext2D, random: () => number, hue: number, layer: number): void {
  const level = height * (0.48 + layer * 0.11)
  const swell = 14 + random() * 26
  const length = 90 + random() * 160
  const shift = random() * 7
  context.fillStyle = `hsl(${hue} 45% ${58 - layer * 9}%)`
  context.beginPath()
  context.moveTo(0, height)
  for (let x = 0; x <= width; x += 8) context.lineTo(x, level + Math.sin(x / length + shift) * swell)
  context.lineTo(width, height)
  context.fill()
}

function blobOf(canvas: HTMLCanvasElement, type: string): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const done = (blob: Blob | null): void => {
      if (blob) resolve(blob)
      else reject(new Error('Cannot make a sample: the canvas gave no image'))
    }
    canvas.toBlob(done, type, 0.9)
  })
}

function randomNumbers(): () => number {
  const numbers = crypto.getRandomValues(new Uint32Array(64))
  let next = 0
  return () => (numbers[next++ % numbers.length] ?? 0) / 4_294_967_296
}
