import { setImmediate } from 'node:timers/promises'
import type { WatchCodec } from './codec.ts'
import type { ClusterConnection } from './connection.ts'
import { resourcePath } from './resource.ts'
import type { WatchScope } from './watch-stream.ts'

const PAGE_SIZE = 500
const PAGE_BYTES = 128 * 1024 * 1024
const PAGE_TIMEOUT_MS = 60_000
/** Objects decoded in one turn of the event loop. */
const TURN_ITEMS = 50

export interface PagedListOptions<T> {
  readonly connection: ClusterConnection
  readonly scope: WatchScope
  readonly codec: WatchCodec<T>
  readonly signal: AbortSignal
  /** Not older than this version; empty: the newest. */
  readonly resourceVersion: string
  readonly onBytes: (count: number) => void
  readonly onItem: (item: T) => void
}

/**
 * Lists in pages, each decoded and dropped before the next is asked for.
 * @returns the version of the list, from which a watch continues without a gap
 * @throws KUBE_EXPIRED when a continue token or the version is no longer available: start again with an empty version
 */
export async function listPages<T>(options: PagedListOptions<T>): Promise<string> {
  const { scope, codec, signal } = options
  let next = ''
  let version = options.resourceVersion
  for (;;) {
    // `resourceVersion=0` is never asked for: the watch cache ignores `limit` there.
    const from =
      next === '' && version !== '' ? { resourceVersion: version, resourceVersionMatch: 'NotOlderThan' } : {}
    const { body } = await options.connection.request({
      method: 'GET',
      path: resourcePath(scope.resource, { namespace: scope.namespace }),
      query: {
        limit: PAGE_SIZE,
        continue: next === '' ? undefined : next,
        fieldSelector: scope.fieldSelector,
        labelSelector: scope.labelSelector,
        ...from,
      },
      accept: codec.listType,
      signal,
      timeoutMs: PAGE_TIMEOUT_MS,
      maxBytes: PAGE_BYTES,
    })
    options.onBytes(body.length)
    const page = codec.page(body)
    let decoded = 0
    for (const item of page.items) {
      options.onItem(item)
      decoded += 1
      if (decoded % TURN_ITEMS !== 0) continue
      await setImmediate()
      signal.throwIfAborted()
    }
    version = page.resourceVersion
    next = page.continue
    if (next === '') return version
  }
}
