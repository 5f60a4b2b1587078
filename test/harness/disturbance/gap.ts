import type { RecordedRequest } from '#test/harness/fault-proxy.ts'

/** When somebody pushed a tag, in the count of a proxy that they passed by. */
export interface PushMoment {
  readonly repository: string
  readonly tag: string
  /** Of the manifest and of all below it. */
  readonly digests: readonly string[]
  /** Requests that were under way when it began. */
  readonly underWay: ReadonlySet<number>
  /** The last request before it began, and before it was answered. */
  readonly begunAt: number
  readonly answeredAt: number
}

/**
 * Whether a request that takes a tag, or what it names, was sent by a look from before the push: registries have no compare-and-swap, and nobody can miss what is lost then
 * (docs/deleting.md). A tag is looked at by its name, what names a manifest in the list of tags.
 */
export function wentInGap(
  requests: readonly Pick<RecordedRequest, 'n' | 'method' | 'path'>[],
  { repository, tag, digests, underWay, begunAt, answeredAt }: PushMoment,
): boolean {
  const of = (reference: string) => `/v2/${repository}/manifests/${reference}`
  const isLook = (taken: string) => (look: { readonly method: string; readonly path: string }) =>
    taken === tag
      ? look.method === 'HEAD' && look.path === of(tag)
      : look.path === `/v2/${repository}/tags/list`
  return requests.some(({ n, method, path }) => {
    if (n <= begunAt && !underWay.has(n)) return false
    const takesTag = path === of(tag) && (method === 'DELETE' || method === 'PUT')
    const taken = takesTag ? tag : digests.find((digest) => method === 'DELETE' && path === of(digest))
    if (taken === undefined) return false
    const looks = requests.filter((each) => each.n > answeredAt && each.n < n)
    return !looks.some(isLook(taken))
  })
}
