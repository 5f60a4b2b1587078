import type { KindDefinition } from '#crds/kind.ts'
import { GROUP, VERSION } from '#crds/meta.ts'
import type { Resource } from './resource.ts'

/** One of our kinds, as API servers have it. */
export function customResource({ kind, plural }: Pick<KindDefinition, 'kind' | 'plural'>): Resource {
  return { group: GROUP, version: VERSION, plural, kind, namespaced: true }
}
