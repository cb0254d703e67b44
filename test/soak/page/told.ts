/** What pages and their worker tell the driver: what the queue promised them, and what their handlers did. */

/** The tasks of the soak. */
export type KindName = 'note' | 'photo' | 'refused' | 'broken' | 'once'

/** An enqueue that resolved. Instants are the machine's one clock, in every context. */
export interface Taken {
  readonly type: 'taken'
  readonly id: string
  readonly kind: KindName
  readonly outcome: string
  readonly key: string | undefined
  readonly askedAt: number
  readonly at: number
}

/** A handler was called. */
export interface Started {
  readonly type: 'started'
  readonly id: string
  readonly epoch: number
  readonly at: number
}

/** A handler returned or threw, or its signal aborted before that. */
export interface Ended {
  readonly type: 'ended'
  readonly id: string
  readonly epoch: number
  readonly how: 'returned' | 'threw' | 'aborted'
  /** Why the signal aborted. */
  readonly code: string | undefined
  readonly at: number
}

/** The queue told that a job ended, so its end is on the disk. */
export interface Finished {
  readonly type: 'finished'
  readonly id: string
  readonly at: number
}

/** What becomes of the context. */
export interface Life {
  readonly type: 'life'
  readonly what:
    | 'ready'
    | 'pagehide'
    | 'pageshow'
    | 'pageshow persisted'
    | 'freeze'
    | 'resume'
    | 'offline'
    | 'online'
  readonly at: number
}

/** An event began in the worker, or all that it waited for is settled. */
export interface Event {
  readonly type: 'event'
  /** Which of the worker's events. */
  readonly number: number
  readonly what: 'began' | 'ended'
  readonly at: number
}

/** The queue's database was made, because there was none. */
export interface Made {
  readonly type: 'made'
  /** The browser says that it dropped the one before. */
  readonly isDropped: boolean
  readonly why: string
  readonly at: number
}

/** The queue told the application that its log was lost. */
export interface Lost {
  readonly type: 'lost'
}

/** Something rejected, or was complained of. */
export interface Trouble {
  readonly type: 'refusal' | 'warning' | 'uncaught'
  readonly message: string
}

export type Told = Taken | Started | Ended | Finished | Life | Event | Made | Lost | Trouble

/** What precedes each of them on the console. */
export const mark = 'soak '

export type Tell = (told: Told) => void

/** What one context tells, numbered: Chromium hands it over again when a page comes back from the back/forward cache. */
export interface Message {
  readonly context: string
  readonly number: number
  readonly told: Told
}

/** Tells by the console, which no network fault reaches. */
export function tellAs(context: string): Tell {
  let number = 0
  return (told) => {
    number += 1
    const message: Message = { context, number, told }
    console.debug(mark + JSON.stringify(message))
  }
}
