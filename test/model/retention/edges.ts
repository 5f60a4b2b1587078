import { locate } from '#inventory/locate.ts'
import { parseReference } from '#inventory/reference.ts'
import type { RegistryFacts, TagFacts } from '#retention/facts.ts'
import type { ReasonCode } from '#retention/reasons.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { once } from './once.ts'

/** Each way in which one thing that stays keeps another. */
export const EDGE_KINDS = [
  'child of an index',
  'index in an index',
  'child of an index in an index',
  'index that holds it',
  'index that holds its index',
  'index that holds something in use without a tag',
  'companion by name',
  'companion by subject',
  'companion by the referrers API',
  'companion in another repository',
  'subject by name',
  'subject by subject',
  'subject by the referrers API',
  'base by layers',
  'base by annotated digest',
  'base by annotated name',
  'base by annotated name under an alias',
  'base by annotated name with a digest',
] as const
export type EdgeKind = (typeof EDGE_KINDS)[number]

export interface Edge {
  readonly from: string
  readonly to: string
  /** Why `to` stays where `from` does. */
  readonly code: ReasonCode
  readonly kind: EdgeKind
}

/** All but bases. */
export function allEdges(
  { manifests, repositories, referrers: asked }: RegistryFacts,
  subjects: (tag: TagFacts) => readonly string[],
): Edge[] {
  const found: Edge[] = []
  const refers = (digest: string, subject: string, by: 'name' | 'subject' | 'the referrers API') => {
    if (digest === subject) return
    found.push({ from: subject, to: digest, code: 'BelongsTo', kind: `companion by ${by}` })
    found.push({ from: digest, to: subject, code: 'SubjectOf', kind: `subject by ${by}` })
  }
  const tagged = new Set<string | undefined>()
  for (const { tags } of repositories) for (const { digest } of tags) tagged.add(digest)
  const below = new Set<string>()
  for (const { children } of manifests.values()) for (const { digest } of children) below.add(digest)
  const holding = (child: string): EdgeKind => {
    if (!tagged.has(child)) return 'index that holds something in use without a tag'
    return manifests.get(child)?.kind === 'index' ? 'index that holds its index' : 'index that holds it'
  }
  for (const { digest, children, subject } of manifests.values()) {
    const isNested = below.has(digest)
    for (const { digest: child } of children) {
      const isIndex = manifests.get(child)?.kind === 'index'
      const part = isNested
        ? 'child of an index in an index'
        : isIndex
          ? 'index in an index'
          : 'child of an index'
      found.push({ from: digest, to: child, code: 'PartOf', kind: part })
      found.push({ from: child, to: digest, code: 'Holds', kind: holding(child) })
    }
    if (subject !== undefined) refers(digest, subject, 'subject')
  }
  for (const [subject, digests] of asked)
    for (const digest of digests) refers(digest, subject, 'the referrers API')
  for (const { tags } of repositories)
    for (const tag of tags)
      for (const subject of subjects(tag))
        if (tag.digest !== undefined && manifests.get(tag.digest)?.subject !== subject)
          refers(tag.digest, subject, 'name')
  return found
}

const parsed = once(parseReference)

/** From images to those that they are built on. */
export function allBases({ facts, names }: RetentionInput): Edge[] {
  const found: Edge[] = []
  const add = (from: string, to: string, kind: EdgeKind) => found.push({ from, to, code: 'BaseOf', kind })
  const images = [...facts.manifests.values()].filter(({ kind }) => kind === 'image')
  const layered = images.filter(({ layers }) => layers.length > 0)
  for (const { digest: from, layers } of images)
    for (const base of layered)
      if (
        base.layers.length < layers.length &&
        base.layers.every((layer, at) => layer.digest === layers[at]?.digest)
      )
        add(from, base.digest, 'base by layers')
  for (const { digest: from, baseDigest, baseName } of facts.manifests.values()) {
    if (baseDigest !== undefined) add(from, baseDigest, 'base by annotated digest')
    if (baseName === undefined) continue
    const reference = parsed(baseName)
    const located = reference && locate(reference, names)
    const repository = facts.repositories.find(({ name }) => name === located?.repository)
    const bound = repository?.tags.find(({ tag }) => tag === located?.tag)?.digest
    const isAlias = reference !== undefined && reference.host !== names.host
    if (located?.digest !== undefined) add(from, located.digest, 'base by annotated name with a digest')
    else if (bound !== undefined)
      add(from, bound, isAlias ? 'base by annotated name under an alias' : 'base by annotated name')
  }
  return found
}
