import { expect, test } from 'vitest'
import { useChromium } from './support/chromium.ts'
import { serveSite } from './support/server.ts'

const chromium = useChromium()

test('a payload with a node of the document in it is refused by an error that names the field, and nothing is kept', async () => {
  const site = await serveSite()
  const page = await chromium().open(site.url)
  const outcome = await page.evaluate(async () => {
    const { createQueue, isQueueError } = app.holdfast
    const queue = createQueue({ name: 'things', handlers: { keep: (_thing: unknown) => undefined } })
    const input = document.querySelector('#files')
    // As rendering libraries do.
    Object.assign(input ?? {}, { fiber: { render: () => undefined } })
    const file = new Blob(['the file'])
    const payloads = [
      input,
      { file, input },
      { file, pages: [{ at: document }] },
      { file, parts: new Map([['title', document.createTextNode('the title')]]) },
    ]
    const refusals = await Promise.allSettled(payloads.map((payload) => queue.enqueue('keep', payload)))
    const told = refusals.map((each) =>
      each.status === 'rejected' && isQueueError(each.reason)
        ? { code: each.reason.code, path: each.reason.path, message: each.reason.message }
        : each.status,
    )
    const { counts } = await queue.info()
    const { events, payloads: kept } = await app.raw.look('things')
    await queue.close()
    return { told, pending: counts.pending, events: events.length, kept }
  })
  const refusal = (path: string, what: string) => ({
    code: 'payload-not-storable',
    path,
    message: `Cannot take the payload of "keep": ${path} is a ${what}, which cannot be stored`,
  })
  expect(outcome).toEqual({
    told: [
      refusal('payload', 'HTMLInputElement'),
      refusal('payload.input', 'HTMLInputElement'),
      refusal('payload.pages[0].at', 'HTMLDocument'),
      refusal('payload.parts.get(title)', 'Text'),
    ],
    pending: 0,
    events: 0,
    kept: 0,
  })
})
