import { expect, test } from 'vitest'
import {
  answers503,
  expectAcks,
  expectFiles,
  refusesConnections,
  throughPowerCut,
} from './support/power-cut.ts'
import { soon } from './support/tabs.ts'

test.each([refusesConnections, answers503])(
  '20 files outlive a reload and a killed browser while the API $name, and arrive byte for byte',
  async (outage) => {
    const { api, page, files, ids } = await throughPowerCut(outage)

    await expect.poll(() => api.acks().length, soon).toBeGreaterThanOrEqual(20)
    expectFiles(api, files)
    expectAcks(api, 20)
    expect(new Set(api.acks().map((ack) => ack.subject))).toEqual(new Set(ids.values()))
    expect(api.acks().every((ack) => ack.type === 'completed')).toBe(true)

    expect(await page.evaluate(() => app.raw.count('photos', 'payloads'))).toBe(0)
    const counts = await page.evaluate(async () => (await app.photos.info()).counts)
    expect(counts).toMatchObject({ completed: 20, pending: 0, running: 0, dead: 0 })
  },
)
