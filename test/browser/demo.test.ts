import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useChromium } from './support/chromium.ts'
import { hashesOf, pick, pictures, serveDemo, texts, titles } from './support/demo.ts'
import { png } from './support/images.ts'
import { soon } from './support/tabs.ts'

const chromium = useChromium()

/** Presses Tab until the control of that name has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate(focusedName)) === name) return
  }
  throw new Error(`Cannot reach "${name}" with the Tab key`)
}

function focusedName(): string | null | undefined {
  const { activeElement } = document
  return activeElement?.getAttribute('aria-label') ?? activeElement?.textContent
}

function focusedId(): string | undefined {
  return document.activeElement?.id
}

test('photos added while the API is down are held over a reload, and all arrive once it is up', async () => {
  const demo = await serveDemo()
  const page = await chromium().open(demo.siteUrl)
  await page.getByLabel('Down').check()
  await expect.poll(() => demo.servers.weather.switches.down, soon).toBe(true)
  const files = pictures(5)
  await pick(page, files)

  const banner = page.locator('#banner')
  await expect.poll(() => banner.innerText(), soon).toContain('The server is not available.')
  await expect.poll(() => texts(page, '#jobs .chip.warn'), soon).toContain('Held')
  const newestFirst = ['shore-5', 'shore-4', 'shore-3', 'shore-2', 'shore-1']
  expect(await titles(page)).toEqual(newestFirst)

  await page.reload()
  await expect.poll(() => titles(page), soon).toEqual(newestFirst)
  await expect.poll(() => banner.innerText(), soon).toContain('held')
  const thumbs = () => page.locator('#jobs .thumb img.loaded').count()
  await expect.poll(thumbs, soon).toBe(5)

  await page.getByLabel('Down').uncheck()
  await expect.poll(() => page.locator('#jobs .row[data-state=completed]').count(), soon).toBe(5)
  await expect.poll(() => banner.isVisible(), soon).toBe(false)
  await expect.poll(() => texts(page, '#acks .number'), soon).toEqual(['#5', '#4', '#3', '#2', '#1'])
  expect(await page.locator('#acks-state').innerText()).toBe('5, gap-free')
  await expect.poll(() => page.locator('#stored img').count(), soon).toBe(5)
  const acknowledged = () => page.getByText('Acknowledged', { exact: true }).count()
  await expect.poll(acknowledged, soon).toBe(5)
  expect(demo.hashes()).toEqual(hashesOf(files))
})

test('a failed upload counts down to its next try, and shows what happened to each attempt', async () => {
  const demo = await serveDemo()
  demo.servers.weather.set({ failureRate: 1 })
  const page = await chromium().open(demo.siteUrl)
  await pick(page, pictures(1))

  await expect
    .poll(() => texts(page, '#jobs summary'), soon)
    .toEqual([expect.stringMatching(/^\d failed attempts$/)])
  await page.locator('#jobs summary').click()
  await expect
    .poll(() => texts(page, '#jobs .chip'), soon)
    .toEqual([expect.stringMatching(/^Next try in \d/)])
  expect((await texts(page, '#jobs td:last-child'))[0]).toContain('500')

  demo.servers.weather.set({ failureRate: 0 })
  await expect.poll(() => texts(page, '#jobs .chip'), soon).toEqual(['Uploaded', 'Acknowledged'])
})

test('a refused caption ends in the dead letters, and goes through once it is edited and redriven', async () => {
  const demo = await serveDemo()
  const page = await chromium().open(demo.siteUrl)
  await page.getByLabel('Caption', { exact: true }).fill('At the sea!')
  await pick(page, pictures(1))

  const letter = page.locator('#dead .row')
  await expect.poll(() => letter.count(), soon).toBe(1)
  expect(await letter.innerText()).toContain('422: A caption must not contain an exclamation mark')
  await expect.poll(() => texts(page, '#acks .what'), soon).toEqual([expect.stringMatching(/^dead /)])

  await letter.getByRole('button', { name: 'Redrive' }).click()
  await expect.poll(() => texts(page, '#dead summary'), soon).toEqual(['2 failed attempts'])

  await letter.getByLabel('Caption').fill('At the sea')
  await letter.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => letter.locator('h3').innerText(), soon).toBe('At the sea')
  await letter.getByRole('button', { name: 'Redrive' }).click()
  await expect.poll(() => texts(page, '#jobs h3'), soon).toEqual(['At the sea'])
  await expect.poll(() => texts(page, '#acks .number'), soon).toEqual(['#3', '#2', '#1'])
  expect(await page.locator('#dead-section').isVisible()).toBe(false)
  expect(demo.hashes()).toHaveLength(1)
})

test('the keyboard alone adds a photo, mends its caption and redrives it, and never loses its place', async () => {
  const demo = await serveDemo()
  const page = await chromium().open(demo.siteUrl)
  await page.bringToFront()
  await tabTo(page, 'Make one that is refused')
  await page.keyboard.press('Enter')
  await expect.poll(() => texts(page, '#dead h3'), soon).toEqual(['What a view!'])

  await tabTo(page, 'Caption of What a view!')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('What a view')
  await tabTo(page, 'Redrive What a view!')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.locator('#jobs .row[data-state=completed]').count(), soon).toBe(1)
  expect(await page.evaluate(focusedId)).toBe('uploads')

  await tabTo(page, 'Remove What a view')
  await page.keyboard.press('Space')
  await expect.poll(() => page.locator('#jobs .row').count(), soon).toBe(0)
  expect(await page.evaluate(focusedId)).toBe('uploads')
})

test('photos are dropped and pasted anywhere on the page, and what is no image is refused', async () => {
  const demo = await serveDemo()
  const page = await chromium().open(demo.siteUrl)
  await page.evaluate(
    (bytes) => {
      const carry = (name: string, type: string): DataTransfer => {
        const data = new DataTransfer()
        data.items.add(new File([new Uint8Array(bytes)], name, { type }))
        return data
      }
      const options = { bubbles: true, cancelable: true }
      const drop = new DragEvent('drop', { ...options, dataTransfer: carry('dropped.png', 'image/png') })
      const paste = new ClipboardEvent('paste', {
        ...options,
        clipboardData: carry('pasted.png', 'image/png'),
      })
      const other = new DragEvent('drop', { ...options, dataTransfer: carry('notes.txt', 'text/plain') })
      for (const event of [drop, paste, other]) document.body.dispatchEvent(event)
    },
    Array.from(png(30, 30)),
  )
  await expect.poll(() => page.locator('#fault').innerText(), soon).toBe('Only images can be added')
  await expect.poll(async () => (await titles(page)).sort(), soon).toEqual(['dropped', 'pasted'])
  const drawn = () => page.evaluate(() => [...document.images].map((image) => image.naturalWidth))
  await expect.poll(drawn, soon).toEqual([30, 30, 30, 30])
})

test('two tabs show the same, share a pause, and one goes on when the other is closed', async () => {
  const demo = await serveDemo()
  const [one, other] = [await chromium().open(demo.siteUrl), await chromium().open(demo.siteUrl)]
  // A tab behind another one draws nothing, so that nothing in it can be clicked.
  await one.bringToFront()
  await one.getByRole('button', { name: 'Pause' }).click()
  await expect.poll(() => other.locator('#pause').innerText(), soon).toBe('Resume')
  await pick(one, pictures(4))
  await expect.poll(() => titles(other), soon).toEqual(['shore-4', 'shore-3', 'shore-2', 'shore-1'])
  await expect
    .poll(() => texts(other, '#jobs .chip'), soon)
    .toEqual(Array.from({ length: 4 }, () => 'Paused'))

  await other.bringToFront()
  await other.getByRole('button', { name: 'Cancel shore-2' }).click()
  await expect
    .poll(() => one.locator('.row[data-state=cancelled] h3').allInnerTexts(), soon)
    .toEqual(['shore-2'])
  await one.close()
  await other.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(() => other.locator('.row[data-state=completed]').count(), soon).toBe(3)
  await expect.poll(() => texts(other, '#acks .number'), soon).toEqual(['#3', '#2', '#1'])
  expect(demo.hashes()).toHaveLength(3)
})

test('the page fits a screen of 360 pixels, whatever is on it', async () => {
  const demo = await serveDemo()
  const page = await chromium().open(demo.siteUrl)
  await page.setViewportSize({ width: 360, height: 740 })
  await page.getByLabel('Caption', { exact: true }).fill(`${'Long'.repeat(30)}!`)
  await pick(page, pictures(1))
  await expect.poll(() => page.locator('#dead .row').count(), soon).toBe(1)
  await page.getByLabel('Caption', { exact: true }).fill('')
  demo.servers.weather.set({ down: true })
  await pick(page, pictures(3))
  await expect.poll(() => page.locator('#banner').isVisible(), soon).toBe(true)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
})
