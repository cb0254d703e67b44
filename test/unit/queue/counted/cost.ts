import type { Tap } from '../../../conformance/indexeddb/tap.ts'

type Tally = Readonly<Record<string, number>>

/** How often IndexedDB was asked for what. */
export interface Cost {
  /** By how they are flushed, or `read`, and over which object stores. */
  readonly transactions: Tally
  /** As `<object store>.<method>`. */
  readonly requests: Tally
}

export function costOf({ transactions, requests }: Tap): Cost {
  return { transactions: tally(transactions.map(nameOf)), requests: tally(requests) }
}

function nameOf({ mode, durability, objectStoreNames }: IDBTransaction): string {
  if (mode === 'versionchange') return mode
  return `${mode === 'readonly' ? 'read' : durability} ${[...objectStoreNames].join('+')}`
}

function tally(names: readonly string[]): Tally {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Together: how many transactions, and of how many requests. */
export function totalOf({ transactions, requests }: Cost): { transactions: number; requests: number } {
  const total = (counts: Tally): number => Object.values(counts).reduce((sum, count) => sum + count, 0)
  return { transactions: total(transactions), requests: total(requests) }
}

export function sum(...costs: readonly Cost[]): Cost {
  const names = (tallies: readonly Tally[]): string[] =>
    tallies.flatMap((counts) => Object.entries(counts).flatMap(([name, count]) => Array(count).fill(name)))
  return {
    transactions: tally(names(costs.map(({ transactions }) => transactions))),
    requests: tally(names(costs.map(({ requests }) => requests))),
  }
}

export const nothing: Cost = { transactions: {}, requests: {} }

/** A database that was not there: its log's name, its mark, and the reserve. */
export const making: Cost = { transactions: { versionchange: 1 }, requests: { 'meta.put': 3 } }

/** A connection: which log it is, and whether the reserve is there. */
export const opening: Cost = {
  transactions: { 'read meta': 1 },
  requests: { 'meta.get': 1, 'meta.count': 1 },
}

const missed = { 'meta.getAll': 1, 'log.getAll': 1, 'log.getAllKeys': 1, 'byes.getAllKeys': 1 }

/** The pages, and the log after them: a request each, and one more for keys, however many records there are. */
export const loading: Cost = {
  transactions: { 'read byes+log+meta+pages': 1 },
  requests: { ...missed, 'pages.getAll': 1 },
}

/** What others appended. */
export const reading: Cost = { transactions: { 'read byes+log+meta': 1 }, requests: missed }

/** A decision on the truth that comes to nothing: it might have written. */
export const looking: Cost = {
  transactions: { 'strict byes+log+meta+payloads': 1 },
  requests: missed,
}

/** Entries of nothing but themselves. */
export function commits(durability: 'strict' | 'relaxed', count: number): Cost {
  return { transactions: { [`${durability} log`]: count }, requests: { 'log.add': count } }
}

/** A checkpoint that has so many pages to write. */
export function checkpoint(pages: number): Cost {
  return {
    transactions: { 'relaxed log+meta+pages': 1 },
    requests: { 'meta.getAll': 1, 'log.get': 1, 'pages.put': pages, 'meta.put': 1, 'log.delete': 1 },
  }
}

/** Large payloads that are read, each when its job begins. */
export function payloads(count: number): Cost {
  return { transactions: { 'read payloads': count }, requests: { 'payloads.get': count } }
}
