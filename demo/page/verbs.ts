import type { JobView } from 'holdfast'
import { isPhoto } from './details.ts'
import type { PhotoQueue } from '../queue.ts'
import type { Verbs } from './shown.ts'
import { count } from './words.ts'

/** What the page tells its user. */
export interface Voice {
  /** Something that went well, or happened by itself: for a screen reader. */
  say(text: string): void
  /** Something that went wrong. */
  fault(error: unknown): void
}

/** What the page's buttons do. Nothing rejects: what goes wrong is told. */
export interface PageVerbs extends Verbs {
  add(files: readonly File[], caption: string): void
  togglePause(paused: boolean): void
  resume(): void
  redriveAll(): void
  clear(jobs: readonly JobView[]): void
}

export function createVerbs(queue: PhotoQueue, voice: Voice): PageVerbs {
  const attempt = (act: () => Promise<string>): void => {
    act().then(voice.say, voice.fault)
  }

  return {
    add: (files, caption) =>
      attempt(async () => {
        const payloads = files.map((file) => ({ name: file.name, caption: caption || bare(file.name), file }))
        await queue.enqueueAll(payloads.map((payload) => ({ kind: 'upload', payload })))
        return `${count(files.length, 'photo')} added`
      }),
    togglePause: (paused) =>
      attempt(async () => {
        await (paused ? queue.resume() : queue.pause())
        return paused ? 'Uploads go on' : 'Uploads are paused, in every tab'
      }),
    resume: () =>
      attempt(async () => {
        await queue.resume('upload')
        return 'Trying again now'
      }),
    cancel: ({ id }) =>
      attempt(async () => ((await queue.cancel(id)) === 'cancelled' ? 'Cancelled' : 'Cancelling')),
    remove: ({ id }) =>
      attempt(async () => {
        await queue.remove(id)
        return 'Removed'
      }),
    redrive: ({ id }) =>
      attempt(async () => {
        await queue.redrive(id)
        return 'Back in the queue'
      }),
    redriveAll: () =>
      attempt(async () => `${count(await queue.redrive({ state: 'dead' }), 'photo')} back in the queue`),
    mend: (job, caption, redrive) =>
      attempt(async () => {
        await saveCaption(queue, job.id, caption)
        if (redrive) await queue.redrive(job.id)
        return redrive ? 'Back in the queue' : 'Caption saved'
      }),
    clear: (jobs) =>
      attempt(async () => {
        await Promise.all(jobs.map(({ id }) => queue.remove(id)))
        return `${count(jobs.length, 'upload')} cleared`
      }),
  }
}

async function saveCaption(queue: PhotoQueue, id: string, caption: string): Promise<void> {
  const payload = await queue.payload(id)
  if (!isPhoto(payload)) throw new TypeError('Cannot save the caption: the payload is no photo')
  if (payload.caption !== caption) await queue.edit(id, { ...payload, caption })
}

/** A file's name as a caption. */
function bare(name: string): string {
  return name.replace(/\.[a-z\d]{1,5}$/i, '')
}
