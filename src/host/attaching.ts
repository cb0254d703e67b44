import { misuse } from '../errors.ts'

/** Puts a host in the place of the one that the queue has. */
export function replaceHost<Host extends { detach(): void }>(
  hosts: WeakMap<object, Host>,
  queue: object,
  create: () => Host,
): Host {
  hosts.get(queue)?.detach()
  const host = create()
  hosts.set(queue, host)
  return host
}

/** @throws TypeError unless it is a tag of syncs, or none is given. */
export function checkTag(tag: unknown): void {
  if (tag !== undefined && (typeof tag !== 'string' || tag === '')) {
    throw misuse('options.tag', tag, 'text that is not empty')
  }
}
