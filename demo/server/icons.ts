import { type Colour, encodePng } from './png.ts'

type Point = readonly [x: number, y: number]
type Curve = readonly [Point, Point, Point, Point]

/** The mark of the page's header, in a square of 24: a stem, three holdfasts, and a blade. */
const curves: readonly Curve[] = [
  line([12, 3], [12, 20]),
  [
    [12, 12],
    [8, 12],
    [5, 15],
    [5, 20],
  ],
  [
    [12, 12],
    [16, 12],
    [19, 15],
    [19, 20],
  ],
  [
    [12, 7],
    [15, 7],
    [16, 5.5],
    [17, 3],
  ],
]
const middle: Point = [12, 11.5]
const thickness = 2.3

/** From the top to the bottom. */
const grounds: readonly [Colour, Colour] = [
  [17, 146, 124],
  [7, 90, 76],
]

/** How an icon is drawn. */
export interface IconOptions {
  readonly side: number
  /** To the edges, with the mark in the middle 80 %: whoever shows it cuts its own shape out of it. */
  readonly isMaskable: boolean
}

/** Draws the application's icon as a PNG. */
export function drawIcon({ side, isMaskable }: IconOptions): Buffer<ArrayBuffer> {
  // How many pixels a unit of the mark is.
  const scale = (side * (isMaskable ? 0.58 : 0.7)) / 24
  const half = side / 2
  const place = ([x, y]: Point): Point => [half + (x - middle[0]) * scale, half + (y - middle[1]) * scale]
  const lines = curves.map((curve) => flatten(curve, 14).map(place))
  const inked = stroke(side, (thickness / 2) * scale, lines)
  const radius = isMaskable ? 0 : side * 0.22
  return encodePng(side, 4, (x, y) => {
    const isInside = isMaskable ? 1 : coverage(cornerDistance(x + 0.5 - half, y + 0.5 - half, half, radius))
    return mix(ground(y / side), inked[y * side + x] ?? 0, isInside)
  })
}

/** How much of each pixel is covered by lines with round ends, so thick on either side. */
function stroke(side: number, halfWidth: number, lines: readonly (readonly Point[])[]): Float32Array {
  const inked = new Float32Array(side * side)
  const reach = Math.ceil(halfWidth + 1)
  const dab = (from: Point, to: Point): void => {
    const least = (axis: 0 | 1): number => Math.max(0, Math.floor(Math.min(from[axis], to[axis])) - reach)
    const most = (axis: 0 | 1): number => Math.min(side, Math.ceil(Math.max(from[axis], to[axis])) + reach)
    for (let y = least(1); y < most(1); y++) {
      for (let x = least(0); x < most(0); x++) {
        const ink = coverage(distanceTo(from, to, x + 0.5, y + 0.5) - halfWidth)
        if (ink > (inked[y * side + x] ?? 0)) inked[y * side + x] = ink
      }
    }
  }
  for (const points of lines) {
    points.slice(1).forEach((to, index) => {
      dab(points[index] ?? to, to)
    })
  }
  return inked
}

function line(from: Point, to: Point): Curve {
  return [from, from, to, to]
}

/** The points of a cubic Bézier curve. */
function flatten([a, b, c, d]: Curve, steps: number): Point[] {
  return Array.from({ length: steps + 1 }, (_, step) => {
    const t = step / steps
    const u = 1 - t
    const along = (axis: 0 | 1): number =>
      u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis]
    return [along(0), along(1)]
  })
}

/** The distance of a point from a piece of a line. */
function distanceTo([fromX, fromY]: Point, [toX, toY]: Point, x: number, y: number): number {
  const [alongX, alongY] = [toX - fromX, toY - fromY]
  const length = alongX * alongX + alongY * alongY || 1
  const share = Math.max(0, Math.min(1, ((x - fromX) * alongX + (y - fromY) * alongY) / length))
  return Math.hypot(x - fromX - share * alongX, y - fromY - share * alongY)
}

/** The distance from a square with round corners; negative inside of it. */
function cornerDistance(dx: number, dy: number, half: number, radius: number): number {
  const [x, y] = [Math.abs(dx) - half + radius, Math.abs(dy) - half + radius]
  return Math.hypot(Math.max(x, 0), Math.max(y, 0)) + Math.min(Math.max(x, y), 0) - radius
}

/** How much of a pixel is covered by what lies `distance` pixels away from its middle. */
function coverage(distance: number): number {
  return Math.max(0, Math.min(1, 0.5 - distance))
}

function ground(share: number): Colour {
  const [top, bottom] = grounds
  const [red, green, blue] = top.map((value, index) => value + ((bottom[index] ?? 0) - value) * share)
  return [red ?? 0, green ?? 0, blue ?? 0]
}

/** White on the ground. */
function mix(under: Colour, share: number, opacity: number): Colour {
  const [red, green, blue] = under.map((value) => Math.round(value + (255 - value) * share))
  return [red ?? 0, green ?? 0, blue ?? 0, Math.round(opacity * 255)]
}
