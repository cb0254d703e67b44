import { describe, expect, test } from 'vitest'
import { decideCancel, decideEdit, decideRedrive } from '../../../src/machine/operate.ts'
import { decideReclaim } from '../../../src/machine/leases.ts'
import { bytesOf } from '../../../src/machine/pile.ts'
import * as settle from '../../../src/machine/settle.ts'
import { claim, createHarness, enqueue, type Harness, holderOf, reloaded, retry, runOf } from './harness.ts'

function running(): Harness {
  const harness = createHarness()
  enqueue(harness, 'j', { dedupe: { key: 'd', while: ['pending'] } })
  claim(harness)
  return harness
}

function keep(harness: Harness, checkpoint: string, holder = holderOf(harness, 'j')): void {
  harness.decide((state, deciding) => settle.decideCheckpoint(state, holder, checkpoint, deciding))
}

const note = { name: 'Error', message: 'it broke' }
const policy = { retry, deadBlocks: false, random: 0.5 }

describe('a checkpoint', () => {
  test.each<[string, (harness: Harness) => unknown]>([
    [
      'a retry',
      (harness) =>
        harness.decide((state, deciding) =>
          settle.decideFailure(state, holderOf(harness, 'j'), note, { type: 'retry' }, policy, deciding),
        ),
    ],
    [
      'a release',
      (harness) =>
        harness.decide((state, deciding) => settle.decideRelease(state, holderOf(harness, 'j'), deciding)),
    ],
    [
      'a snooze',
      (harness) =>
        harness.decide((state, deciding) => settle.decideSnooze(state, holderOf(harness, 'j'), 5, deciding)),
    ],
    [
      'a crash',
      (harness) =>
        harness.decide((state, deciding) =>
          decideReclaim(state, [{ worker: 'a', cause: 'crash' }], 5, deciding),
        ),
    ],
    [
      'a death and a redrive',
      (harness) =>
        harness.decide((state, deciding) => {
          settle.decideFailure(state, holderOf(harness, 'j'), note, { type: 'fatal' }, policy, deciding)
          decideRedrive(state, 'j', deciding)
        }),
    ],
    [
      'a cancellation and a redrive',
      (harness) =>
        harness.decide((state, deciding) => {
          decideCancel(state, 'j', deciding)
          settle.decideCancelled(state, holderOf(harness, 'j'), deciding)
          decideRedrive(state, 'j', deciding)
        }),
    ],
  ])('is there for the attempt after %s', (_, end) => {
    const harness = running()
    keep(harness, '{"offset":1}')
    keep(harness, '{"offset":2}')
    end(harness)
    harness.advance(1_000)
    expect(claim(harness)).toEqual(['j'])
    expect(harness.job('j')).toMatchObject({ state: 'running', epoch: 2, checkpoint: '{"offset":2}' })
    expect(reloaded(harness).jobs.get('j')?.checkpoint).toBe('{"offset":2}')
  })

  test('of an epoch that is over is refused, and changes nothing', () => {
    const harness = running()
    const first = holderOf(harness, 'j')
    keep(harness, '1')
    harness.decide((state, deciding) => settle.decideRelease(state, first, deciding))
    expect(() => keep(harness, '2', first)).toThrow(expect.objectContaining({ code: 'lease-lost' }))
    claim(harness)
    expect(() => keep(harness, '3', first)).toThrow(expect.objectContaining({ code: 'lease-lost' }))
    expect(harness.job('j').checkpoint).toBe('1')
  })

  test('goes when the job is completed, and when it gets another payload', () => {
    const done = running()
    keep(done, '1')
    done.decide((state, deciding) => settle.decideComplete(state, holderOf(done, 'j'), undefined, deciding))
    expect(done.job('j').checkpoint).toBeUndefined()

    const edited = running()
    keep(edited, '1')
    edited.decide((state, deciding) => settle.decideRelease(state, holderOf(edited, 'j'), deciding))
    edited.decide((state, deciding) => decideEdit(state, 'j', { payload: '2' }, deciding))
    expect(edited.job('j').checkpoint).toBeUndefined()

    const replaced = running()
    keep(replaced, '1')
    replaced.decide((state, deciding) => settle.decideRelease(state, holderOf(replaced, 'j'), deciding))
    enqueue(replaced, 'k', { dedupe: { key: 'd', while: ['pending'] }, onDuplicate: 'replace' })
    expect(replaced.job('j')).toMatchObject({ revision: 2, checkpoint: undefined })
  })

  test('shows that a job gets on only when it is another one, and wipes no crash away', () => {
    const harness = running()
    const giveBack = (): void => {
      harness.decide((state, deciding) => settle.decideRelease(state, holderOf(harness, 'j'), deciding))
      claim(harness)
    }
    keep(harness, '1')
    giveBack()
    keep(harness, '1')
    expect(harness.job('j')).toMatchObject({ releases: 1, fruitless: 1 })
    keep(harness, '2')
    expect(harness.job('j')).toMatchObject({ releases: 1, fruitless: undefined })
    for (const checkpoint of ['3', '4']) {
      harness.decide((state, deciding) =>
        decideReclaim(state, [{ worker: 'a', cause: 'crash' }], 1, deciding),
      )
      if (harness.job('j').state === 'dead') break
      claim(harness, { run: runOf('a') })
      keep(harness, checkpoint)
    }
    expect(harness.job('j')).toMatchObject({ state: 'dead', reason: 'poison', checkpoint: '3' })
  })

  test('weighs what it weighs among the dead letters', () => {
    const harness = running()
    const before = bytesOf(harness.job('j'))
    keep(harness, '"12345678"')
    expect(bytesOf(harness.job('j'))).toBe(before + 10)
  })
})
