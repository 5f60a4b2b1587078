import type { ObjectKey } from '#kube/resource.ts'

/** What of an object its key is made from. */
export interface Keyed {
  readonly metadata: { readonly namespace?: string | undefined; readonly name: string }
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of queues and caches. */
export function keyOf(object: Keyed): string {
  const { namespace, name } = object.metadata
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** The reverse of keyOf. Neither names nor namespaces may hold a slash. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
