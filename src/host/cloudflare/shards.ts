/** What is used of a Durable Object namespace: a binding such as `env.MAILER`. */
export interface ObjectNamespace<Id, Stub> {
  idFromName(name: string): Id
  get(id: Id, options?: { readonly locationHint?: string }): Stub
}

/** The objects that share the work of one name. */
export interface ShardOptions {
  /** Begins the names of the objects: `mail` makes `mail-0`, `mail-1` and so on. */
  readonly prefix: string
  /** How many objects there are. */
  readonly shards: number
  /** Where an object is to be made that does not exist yet, such as `weur`. */
  readonly locationHint?: string
}

/**
 * Which of so many shards a key belongs to, from 0: the same one in every place and for ever. From `n` shards to `n + 1`,
 * one key in `n + 1` changes to the new shard, and all others stay.
 *
 * @throws RangeError unless `shards` is a whole number from 1 to 65 536.
 *
 * @example
 * ```ts
 * import { shardOf } from 'holdfast/cloudflare'
 *
 * console.log(shardOf('customer-7', 16)) // 10
 * console.log(shardOf('customer-7', 17)) // 10
 * ```
 */
export function shardOf(key: string, shards: number): number {
  check(shards)
  const hash = hashOf(key)
  let best = 0
  let highest = -1
  // The shard that scores highest with this key has it: so another shard takes keys over, and moves none besides.
  for (let shard = 0; shard < shards; shard++) {
    const score = mixed(hash ^ mixed(shard + 1))
    if (score <= highest) continue
    best = shard
    highest = score
  }
  return best
}

/**
 * The object that a key's jobs belong to. Enqueue what has one `key` through it, and the key's order holds.
 *
 * @throws RangeError as {@link shardOf}.
 */
export function shardStub<Id, Stub>(
  namespace: ObjectNamespace<Id, Stub>,
  { key, ...options }: ShardOptions & { readonly key: string },
): Stub {
  return stubOf(namespace, shardOf(key, options.shards), options)
}

/**
 * All objects, in the order of their numbers: to ask each of them, or to look for leftovers.
 *
 * @throws RangeError as {@link shardOf}.
 */
export function shardStubs<Id, Stub>(namespace: ObjectNamespace<Id, Stub>, options: ShardOptions): Stub[] {
  check(options.shards)
  return Array.from({ length: options.shards }, (_, shard) => stubOf(namespace, shard, options))
}

function stubOf<Id, Stub>(
  namespace: ObjectNamespace<Id, Stub>,
  shard: number,
  { prefix, locationHint }: ShardOptions,
): Stub {
  const id = namespace.idFromName(`${prefix}-${shard}`)
  return namespace.get(id, locationHint === undefined ? {} : { locationHint })
}

function check(shards: number): void {
  if (Number.isInteger(shards) && shards >= 1 && shards <= 65_536) return
  throw new RangeError(`Cannot choose a shard: shards is ${shards}, expected a whole number from 1 to 65536`)
}

/** FNV-1a over the key's UTF-16 code units, byte by byte. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) {
    const unit = key.charCodeAt(at)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return mixed(hash)
}

/** MurmurHash3's last step: spreads every bit over all others. Unsigned. */
function mixed(hash: number): number {
  let mix = hash ^ (hash >>> 16)
  mix = Math.imul(mix, 0x85ebca6b)
  mix ^= mix >>> 13
  mix = Math.imul(mix, 0xc2b2ae35)
  return (mix ^ (mix >>> 16)) >>> 0
}
