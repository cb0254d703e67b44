import { median, short, verdictsOf } from './report.ts'
import type { Measured } from './work.ts'

const width = 40

/** Prints each curve as bars, one a size, and whether it rises faster than it may. */
export function printCharts(curves: readonly Measured[]): void {
  for (const curve of curves) {
    const { id, title, unit, figures } = curve
    const points = figures.map(({ name, rounds }) => ({ name, value: median(rounds) }))
    const most = Math.max(...points.map(({ value }) => value))
    console.log(`\n${id}  ${title} (${unit})`)
    for (const { name, value } of points) {
      const bar = '█'.repeat(Math.max(1, Math.round((value / most) * width)))
      console.log(`${name.padStart(12)}  ${short(value).padStart(9)}  ${bar}`)
    }
    for (const line of linesOf(curve)) console.log(`${''.padStart(12)}  ${line}`)
  }
  const rising = curves.filter((curve) => verdictsOf(curve).some(({ isMet }) => !isMet))
  const names = rising.map(({ id }) => id).join(', ')
  console.log(
    rising.length === 0 ? '\nNo curve rises faster than it may.' : `\nFaster than they may rise: ${names}`,
  )
}

function linesOf(curve: Measured): string[] {
  return verdictsOf(curve).map(({ target: { ours, peer, target }, reached, isMet }) => {
    const what = peer === undefined ? ours : `${ours} / ${peer}`
    if (reached === undefined) return `${what}: not measured`
    return `${what}: ${short(reached.median)}, at most ${short(target)}: ${isMet ? 'met' : 'rises'}`
  })
}

const panel = { width: 340, height: 200, margin: 34, columns: 3 }

/** All curves in one picture: sizes side by side, which grow tenfold, and costs from zero on. */
export function svgOf(curves: readonly Measured[]): string {
  const rows = Math.ceil(curves.length / panel.columns)
  const size = `width="${panel.width * panel.columns}" height="${panel.height * rows}"`
  const style = '<style>text{font:11px sans-serif}polyline{fill:none;stroke:#06c;stroke-width:2}</style>'
  const panels = curves.map((curve, index) => {
    const [x, y] = [(index % panel.columns) * panel.width, Math.floor(index / panel.columns) * panel.height]
    return `<g transform="translate(${x} ${y})">${panelOf(curve)}</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${style}${panels.join('')}</svg>\n`
}

function panelOf({ title, unit, figures }: Measured): string {
  const values = figures.map(({ rounds }) => median(rounds))
  const most = Math.max(...values)
  const { width: wide, height, margin } = panel
  const across = (wide - 2 * margin) / Math.max(1, values.length - 1)
  const x = (index: number): number => Math.round(margin + index * across)
  const y = (value: number): number => Math.round(height - margin - (value / most) * (height - 2.5 * margin))
  const line = values.map((value, index) => `${x(index)},${y(value)}`).join(' ')
  const labels = figures.map(
    ({ name }, index) =>
      `<text x="${x(index)}" y="${height - margin / 2}" text-anchor="middle">${name}</text>` +
      `<text x="${x(index)}" y="${y(values[index] ?? 0) - 6}" text-anchor="middle">${short(values[index] ?? 0)}</text>`,
  )
  return `<text x="${margin / 2}" y="16">${title} (${unit})</text><polyline points="${line}"/>${labels.join('')}`
}
