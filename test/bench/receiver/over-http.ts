import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { batchesOf, expectTaken, requestOf } from './batches.ts'
import type { Memory, Told } from './process.ts'

/** How many requests are under way at once, each of another device. */
export const inFlight = 8

/** The receiver in a server on the loopback. Requests are made and sent by this process, beside it. */
export async function overHttp(program: string, devices: number): Promise<Told & { readonly ms: number }> {
  const child = spawn(process.execPath, ['--expose-gc', program, 'serve', String(devices)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const line = async (): Promise<string> => {
      const { value } = await lines.next()
      if (value === undefined) throw new Error('the receiver in its server ended too soon')
      return value
    }
    const url = await line()
    const times: number[] = []
    const startedAt = performance.now()
    await Promise.all(
      Array.from({ length: inFlight }, async (_, lane) => {
        for (const batch of batchesOf(devices, lane, inFlight)) {
          const request = requestOf(batch, `${url}/acks`)
          const began = performance.now()
          await expectTaken(await fetch(request), batch)
          times.push(performance.now() - began)
        }
      }),
    )
    const ms = performance.now() - startedAt
    child.stdin.end()
    // The wire of our own process.
    const memory: Memory = JSON.parse(await line())
    if (child.exitCode === null) await once(child, 'exit')
    return { ...memory, times, ms }
  } finally {
    child.kill('SIGKILL')
  }
}
