import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { holds } from './checks.ts'
import type { Tally } from './tally.ts'
import { type TourResult, total } from './tour.ts'

/** Draws the live line. */
export interface ProgressLine {
  show(tally: Readonly<Tally>, down: boolean): void
  /** Leaves the last line standing. */
  end(): void
}

const width = 24

/** One line that is written over in a terminal, and a line now and then elsewhere. */
export function progressLine(out: WriteStream): ProgressLine {
  let shown = ''
  let writtenAt = Number.NEGATIVE_INFINITY
  const write = (): void => {
    if (out.isTTY) out.write(`\r\x1b[2K${shown}`)
    else out.write(`${shown}\n`)
    writtenAt = performance.now()
  }
  return {
    show(tally, down) {
      const line = lineOf(tally, down)
      const isDue = out.isTTY || performance.now() - writtenAt >= 1_000
      if (line === shown || !isDue) return
      shown = line
      write()
    },
    end() {
      if (out.isTTY) out.write('\n')
    },
  }
}

function lineOf({ completed, dead, retries, acked, held }: Readonly<Tally>, down: boolean): string {
  const done = completed + dead
  const filled = Math.round((done / total) * width)
  const bar = styleText('cyan', '━'.repeat(filled)) + styleText('gray', '─'.repeat(width - filled))
  const counts = `${String(done).padStart(3)}/${total} done · ${retries} retries · ${dead} dead · ${acked} acked`
  return `  ${bar} ${counts}${weatherOf(down, held)}`
}

function weatherOf(down: boolean, held: boolean): string {
  if (down) return styleText('yellow', held ? ' · API down, held' : ' · API down')
  return held ? styleText('yellow', ' · probing') : ''
}

/** The final table; the last column says what it should have been, where it is not. */
export function tableOf({ checks, tally, elapsedMs }: TourResult): string {
  const seconds = elapsedMs / 1_000
  const figures: [string, string | number][] = [
    ['attempts', tally.attempts],
    ['retries', tally.retries],
    ['time', `${seconds.toFixed(1)} s`],
    ['rate, obstacles included', `${Math.round((tally.completed + tally.dead) / seconds)} jobs/s`],
  ]
  const label = Math.max(
    ...[...checks.map((check) => check.label), ...figures.map(([name]) => name)].map(lengthOf),
  )
  const row = (mark: string, name: string, value: string | number, note = ''): string =>
    `  ${mark} ${name.padEnd(label)}  ${String(value).padStart(9)}${note}`
  return [
    ...checks.map((check) =>
      holds(check)
        ? row(styleText('green', '✓'), check.label, check.found)
        : row(
            styleText('red', '✗'),
            check.label,
            check.found,
            styleText('red', `  expected ${check.expected}`),
          ),
    ),
    `  ${styleText('gray', '─'.repeat(label + 14))}`,
    ...figures.map(([name, value]) => row(' ', name, value)),
  ].join('\n')
}

function lengthOf(text: string): number {
  return text.length
}
