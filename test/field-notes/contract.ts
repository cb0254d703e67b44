/**
 * What users of other queues ran into, as cases that any queue can be put through: a *note* says what happens and
 * judges, a *peer* is one queue, used the way its own documentation says, and the *lab* is the browser, the server and
 * the accidents.
 *
 * A note looks at two things only: what the server received, and what the queue says of itself to the page. So the same
 * note can be asked of every peer, and a verdict is about the peer and not about its insides.
 *
 * A write that is refused aloud is no loss, for nobody: the page puts it again (see `refusals.ts`), and what is then taken
 * in has to arrive. What was taken in, and is dropped later, is lost however loudly that is said; and a refusal that does
 * not end, where the note is about going on, is one that broke.
 */
import type { Page } from 'playwright-core'
import type { Server } from './lab/server.ts'

/** What a write is about: a build of yesterday knows `send` alone. */
export type Kind = 'send' | 'blur'

/** Something that the application has to tell its server. Its id is chosen by the note, and unique within it. */
export interface Write {
  readonly id: string
  /** By itself `send`. */
  readonly kind?: Kind
  /** What is sent; the id by itself. */
  readonly text?: string
  /** A file of so many bytes is sent instead of text. */
  readonly bytes?: number
  /** Writes of one order are to arrive in the order they were put. */
  readonly order?: string
  /** A newer write of a topic makes those of it that still wait pointless. */
  readonly topic?: string
}

/** Who sends: the page itself, or a service worker, which needs no page. */
export type Place = 'page' | 'worker'

export interface OpenOptions {
  readonly place: Place
  /** What this build of the page knows how to send; by itself `send` alone. */
  readonly kinds?: readonly Kind[]
}

/** One write that was given up, as the queue's own record has it. */
export interface Failure {
  readonly id: string
  readonly reason: string
}

/**
 * A queue as a page sees it: each peer's page script hands one to `offer` (see `peers/page.ts`). Functions with a
 * question mark are *skills*: a peer that has no documented way to do it leaves the function out, and says why in
 * `lacks` (see `peers.ts`). Nothing in here may add what the peer does not have.
 */
export interface Outbox {
  /** Opens the queue and has it work. Resolves once it is ready. */
  open(options: OpenOptions): Promise<void>
  /** Takes a write in. Resolves once the queue says that it is kept or sent; rejects when it says that it is neither. */
  put(write: Write): Promise<void>
  /** Sends now what waits, whatever was planned for it. Resolves once that was tried. */
  drain?(): Promise<void>
  /** The ids of writes that are not through yet, in the queue's order. */
  waiting?(): Promise<readonly string[]>
  /** The ids of writes of which this page was told, by the queue and without asking again and again, that they are through. */
  sent?(): Promise<readonly string[]>
  /** The writes that were given up. */
  failures?(): Promise<readonly Failure[]>
  /** What the application is to do once the user, whose session was over, has signed in again. */
  signedIn?(): Promise<void>
  /** The ids of writes of which this page was told that nobody here knows their kind. */
  strangers?(): Promise<readonly string[]>
}

/** What not every queue can do; `kinds` goes with `strangers`. */
export type Skill = 'drain' | 'waiting' | 'sent' | 'failures' | 'signedIn' | 'topic' | 'kinds'

/** One queue under test. */
export interface Peer {
  /** As `--peer` wants it, and the name of its script in `peers/`; its service worker's is `<id>-worker`. */
  readonly id: string
  /** The heading of its column: name and version. */
  readonly title: string
  /** Where it can send from; the first one is where it does unless a note asks for another. */
  readonly places: readonly [Place, ...Place[]]
  /** The tag of its Background Sync, where it has a service worker. */
  readonly tag?: string
  /** What its documentation has an application wait for before the first write, where there is such a thing. */
  readonly readiness?: string
  /** Why it cannot, for each skill that it does not have. */
  readonly lacks: Partial<Record<Skill, string>>
}

export type Verdict =
  /** What the page had to do for it, where it had to do anything. */
  | { readonly is: 'survived'; readonly because?: string }
  /** In one short phrase, what went wrong. */
  | { readonly is: 'broke'; readonly because: string }
  /** The peer has no such notion; why. */
  | { readonly is: 'not said'; readonly because: string }

export const survived: Verdict = { is: 'survived' }
export const survivedThough = (because: string): Verdict => ({ is: 'survived', because })
export const broke = (because: string): Verdict => ({ is: 'broke', because })
export const notSaid = (because: string): Verdict => ({ is: 'not said', because })

/** One tab with the outbox open in it. */
export interface Tab {
  readonly page: Page
  /** Resolves once the outbox took it in. */
  put(write: Write): Promise<void>
  /** Calls a skill of the outbox. Throws where it has none: look at `lab.peer.lacks` first. */
  drain(): Promise<void>
  waiting(): Promise<readonly string[]>
  sent(): Promise<readonly string[]>
  failures(): Promise<readonly Failure[]>
  signedIn(): Promise<void>
  strangers(): Promise<readonly string[]>
  /** What became of the tab's early put so far: `pending`, `kept`, or why it was refused. */
  early(): Promise<string>
  /** How much is stored on this origin, in characters and bytes. */
  stored(): Promise<number>
  /** Reloads the page, and opens the outbox again. */
  reload(): Promise<void>
  close(): Promise<void>
  /** Kills its renderer. */
  crash(): Promise<void>
  /**
   * Freezes it, as the browser does with tabs in the background. Resolves once it stands still, to what thaws it: until
   * then the page goes on with whatever happens.
   */
  freeze(): Promise<() => Promise<void>>
}

export interface TabOptions {
  /** Where to send from; the peer's first place by itself. All tabs of a note send from the same. */
  readonly place?: Place
  readonly kinds?: readonly Kind[]
  /** Put, and drained, while the page's script still runs, in the same turn as the outbox is opened. */
  readonly early?: Write
}

/** One note's surroundings: an origin, a server and tabs of its own. All of it is gone when the note is over. */
export interface Lab {
  readonly peer: Peer
  readonly server: Server
  /** Opens a tab with the outbox open in it. */
  open(options?: TabOptions): Promise<Tab>
  /** Script that runs before the peer's, in every page and service worker that is started from now on. */
  spoil(script: string): void
  /** The network is gone: the server refuses everything, and the tabs are told. */
  cutNetwork(): Promise<void>
  /** The network is back: the server is up, the tabs are told, and Background Sync fires where it is registered. */
  restoreNetwork(): Promise<void>
  /**
   * Fires the peer's Background Sync as the browser does, if one is registered: never beside one that is under way.
   * Resolves to whether one is.
   */
  sync(): Promise<boolean>
  /**
   * Has what waits be tried once more, by a sync or else by asking the tab to drain: for notes that are not about what
   * comes by itself. Never beside a try that is under way.
   */
  nudge(tab: Tab): Promise<void>
  /** Where a note about service workers has it send from: there, if the peer has one. */
  readonly background: Place
  /** Kills whoever sends: the tab, or the service worker. Resolves when it is dead. */
  killSender(tab: Tab): Promise<void>
  /**
   * Waits until it is so; resolves to whether it came about while the lab's patience lasted, or `atLeastMs` where the
   * browser itself takes its time.
   */
  until(condition: () => boolean | Promise<boolean>, atLeastMs?: number): Promise<boolean>
}

/**
 * One case. Every exported value of a file in `notes/` is one, and all of them together are 1 to 30.
 *
 * `run` plays the case and returns the verdict; it throws only where the lab itself fails. Never judge by time: wait
 * with `lab.until` for what must come, and where something must *not* come, put a further write and wait for that.
 */
export interface Note {
  readonly number: number
  /** The sentence of the field notes, shortened at most. */
  readonly name: string
  /** Why it cannot be said of a peer, which then is not put through it: the notion that it lacks. */
  unsaid?(peer: Peer): string | undefined
  run(lab: Lab): Promise<Verdict>
}
