import { listOf, recordOf, textOf } from './json.ts'
import { KEEP_ANNOTATION } from './keep.ts'

export interface OwnerProjection {
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** What this product keeps of the ObjectMeta of any kind. Strings are empty where the object has nothing. */
export interface MetaProjection {
  readonly uid: string
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  /** The owner reference with `controller: true`. */
  readonly owner: OwnerProjection | undefined
  /** The annotation KEEP_ANNOTATION. */
  readonly keep: string
}

/** The projection of an ObjectMeta in JSON, of custom kinds too. What has the wrong type reads as absent, so it never throws. */
export function projectMeta(raw: unknown): MetaProjection {
  const meta = recordOf(raw)
  return {
    uid: textOf(meta.uid),
    namespace: textOf(meta.namespace),
    name: textOf(meta.name),
    resourceVersion: textOf(meta.resourceVersion),
    owner: controllerOf(listOf(meta.ownerReferences)),
    keep: textOf(recordOf(meta.annotations)[KEEP_ANNOTATION]),
  }
}

function controllerOf(references: readonly unknown[]): OwnerProjection | undefined {
  const owner = references.map(recordOf).find((reference) => reference.controller === true)
  if (owner === undefined) return undefined
  return { kind: textOf(owner.kind), name: textOf(owner.name), uid: textOf(owner.uid) }
}
