import type { EngineName } from '../tools/engines.ts'

/** One page of a browser, whatever drives it. */
export interface Tab {
  /**
   * Runs a function in the page, which sees nothing of where it was written but `given`; both `given` and what it
   * gives back travel as JSON.
   *
   * @throws Error when it throws there, or the page is gone.
   */
  evaluate<T, Given = undefined>(work: (given: Given) => T | Promise<T>, given?: Given): Promise<T>
  /** Resolves once the page that was navigated to is loaded. */
  goto(url: string): Promise<void>
  reload(): Promise<void>
  back(): Promise<void>
  /** As a user closes it; resolves when it is closed. */
  close(): Promise<void>
  /** Has nobody look at it any more, as its document tells; where windows cannot be told apart, at none. */
  hide(): Promise<void>
  show(): Promise<void>
  /** Takes it off the network, or puts it back. Resolves to whether that can be done to this engine. */
  setOffline(isOffline: boolean): Promise<boolean>
}

/** A whole browser of its own. */
export interface Browser {
  readonly version: string
  /** Opens `url` in one more page. */
  open(url: string): Promise<Tab>
  /** Kills all its processes at once, as a power cut would. */
  kill(): Promise<void>
}

export interface LaunchOptions {
  /** An empty folder, or one that another launch left: what the browser keeps is kept there. */
  readonly profile: string
  /** Whether to keep nothing, as a private window does. */
  readonly isPrivate: boolean
  /** More arguments for Chromium's command line; other engines take no notice. */
  readonly args?: readonly string[]
}

/** Starts one engine, which has to be installed. */
export type Launch = (options: LaunchOptions) => Promise<Browser>

/** One engine as it is tested. */
export interface Engine {
  readonly name: EngineName
  readonly launch: Launch
}

/** Waits until `look` gives something else than `undefined`. @throws Error when it does not in time. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  expectation: string,
  patienceMs = 30_000,
): Promise<T> {
  const end = performance.now() + patienceMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > end) throw new Error(`Expected ${expectation}, within ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
