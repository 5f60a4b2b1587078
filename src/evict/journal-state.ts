import { hasCode } from '#catalogue/error.ts'
import { parseManifest } from '#registry/manifest.ts'
import { kindOf } from '#registry/media-types.ts'
import type { Binding } from './eviction.ts'
import type { Intent, IntentOutcome, Journal, SavedManifest } from './journal.ts'
import type { RawManifest } from './placeholder.ts'
import { TrashCopies, type TrashCopy } from './trash-copies.ts'

/** What a manifest names: its children, and the one that it speaks of. */
export interface Edges {
  readonly children: readonly string[]
  /** Those of the children that may have children themselves. */
  readonly nested: readonly string[]
  readonly subject: string | undefined
}

/** What a journal comes to. */
export interface JournalState {
  /** By digest: the manifests that are saved, and what they name. */
  readonly saved: ReadonlyMap<string, Edges>
  /** Intents whose outcome is not known, oldest first. */
  readonly open: readonly Intent[]
  /** What went and was not brought back. */
  readonly removed: { readonly tags: readonly Binding[]; readonly digests: readonly string[] }
  /** Digests of what is there again without a tag: somebody may want to name it (S37). */
  readonly returned: ReadonlySet<string>
  /** Every copy in the trash that was begun and not purged. */
  readonly copies: readonly TrashCopy[]
  /** By digest: the last copy that was read again, whole. */
  readonly trashed: ReadonlyMap<string, TrashCopy>
}

export async function journalState(journal: Journal): Promise<JournalState> {
  const saved = new Map<string, Edges>()
  const open = new Map<string, Intent>()
  const tags = new Map<string, Binding>()
  const digests = new Set<string>()
  const returned = new Set<string>()
  const copies = new TrashCopies()
  const went = ({ intent, ended }: IntentOutcome) => {
    open.delete(intent)
    for (const { tag, digest, outcome } of ended) {
      if (tag !== undefined && outcome === 'untagged') tags.set(tag, { tag, digest })
      if (tag === undefined && outcome === 'swept') digests.add(digest)
    }
  }
  for await (const record of journal.read()) {
    if (record.kind === 'manifest') saved.set(record.digest, edgesOf(record))
    if (record.kind === 'intent') open.set(record.id, record)
    if (record.kind === 'outcome') went(record)
    if (record.kind === 'restored') {
      digests.delete(record.digest)
      if (record.tag === undefined) returned.add(record.digest)
      else tags.delete(record.tag)
    }
    if ('repository' in record) copies.take(record)
  }
  const removed = { tags: [...tags.values()], digests: [...digests] }
  return {
    ...{ saved, open: [...open.values()], removed, returned },
    ...{ copies: copies.all(), trashed: copies.whole() },
  }
}

/** The manifests of a journal that have one of these digests. */
export async function savedManifests(
  journal: Journal,
  digests: ReadonlySet<string>,
): Promise<Map<string, SavedManifest>> {
  const found = new Map<string, SavedManifest>()
  if (digests.size === 0) return found
  for await (const record of journal.read()) {
    if (record.kind === 'manifest' && digests.has(record.digest)) found.set(record.digest, record)
  }
  return found
}

/** What is no manifest that we can read names nothing. */
export function edgesOf({ bytes, digest, mediaType }: RawManifest): Edges {
  try {
    const manifest = parseManifest(bytes, digest, mediaType, digest)
    const entries = manifest.kind === 'index' ? manifest.manifests : []
    return {
      children: entries.map((child) => child.digest),
      nested: entries.filter((child) => kindOf(child.mediaType) === 'index').map((child) => child.digest),
      subject: manifest.subject?.digest,
    }
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_MANIFEST_INVALID', 'REGISTRY_MEDIA_TYPE')) throw error
    return { children: [], nested: [], subject: undefined }
  }
}
