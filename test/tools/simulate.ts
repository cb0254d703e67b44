/**
 * Repeats one schedule of the simulator, or runs many:
 *
 *     npx node test/tools/simulate.ts --seed 7 [--steps 200] [--trace]
 *     npx node test/tools/simulate.ts --from 1 --count 1000 [--steps 200] [--counts]
 */
import { parseArgs } from 'node:util'
import { SimulationFailure, simulate, simulateMany } from '../../src/testing/simulator.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string' },
    count: { type: 'string', default: '1' },
    steps: { type: 'string', default: '200' },
    trace: { type: 'boolean', default: false },
    counts: { type: 'boolean', default: false },
  },
})
const steps = Number(values.steps)
const startedAt = performance.now()
const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`

async function one(seed: number): Promise<void> {
  const onTrace = values.trace ? { onTrace: (line: string) => console.log(line) } : {}
  try {
    console.log(await simulate({ seed, steps, ...onTrace }))
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error
    console.error(values.trace ? error.message.split('\n  ', 1)[0] : error.message)
    process.exitCode = 1
  }
}

async function many(from: number, count: number): Promise<void> {
  const { failure, counts, ...sum } = await simulateMany({ from, count, steps })
  if (values.counts) console.log(Object.fromEntries(Object.entries(counts).sort()))
  console.log(sum, seconds())
  if (failure === undefined) return
  console.error(failure.message)
  process.exitCode = 1
}

if (values.seed !== undefined) await one(Number(values.seed))
else await many(Number(values.from ?? 1), Number(values.count))
