import { atOnce } from '#inventory/at-once.ts'
import type { ClusterMemory } from '#inventory/cluster-memory.ts'
import type { Ledger, LedgerEntry, SeenDigest } from '#inventory/ledger/ledger.ts'
import { type ImageReference, parseReference } from '#inventory/reference.ts'

/** An image that a cluster used, within the time that an inventory remembers (S02); something may use it still. */
export interface RememberedImage {
  /** As the objects wrote it. */
  readonly image: string
  /** undefined: no legal reference. The image counts as in use all the same. */
  readonly reference: ImageReference | undefined
  readonly cluster: string
  /** Full hours, in ms since the epoch. */
  readonly firstSeen: number
  readonly lastSeen: number
  /** `namespace/Kind/name` of the last workloads, not of all. */
  readonly users: readonly string[]
  /** Digests of manifests or indexes that ran, each for as long as the image is remembered. */
  readonly digests: readonly string[]
  /** Digests of image configs, where the runtime reported no more than that (S06). */
  readonly configs: readonly string[]
}

/** What the ledger of one cluster remembers, in its order. */
export function rememberedImages(cluster: string, entries: Iterable<LedgerEntry>): RememberedImage[] {
  return Array.from(entries, (entry) => rememberedImage(cluster, entry, parseReference))
}

/** What the ledgers of all clusters remember, in their order, with what tells later which of it still holds. */
export interface Remembered {
  readonly images: readonly RememberedImage[]
  readonly parts: readonly RememberedPart[]
}

interface RememberedPart {
  readonly name: string
  readonly ledger: Ledger
  readonly changes: number
  /** What the images are made from, in the same order. */
  readonly entries: readonly LedgerEntry[]
}

/** Parses an image's text, or knows what it was parsed to: nearly all that is remembered is in use as well. */
export type ReferenceOf = (image: string) => ImageReference | undefined

/** Given what the same ledgers remembered before, only what changed is put together again; the same object where nothing did. */
export function remembered(
  memories: readonly ClusterMemory[],
  before?: Remembered,
  referenceOf: ReferenceOf = parseReference,
): Remembered {
  return atOnce(rememberedInSteps(memories, before, Number.POSITIVE_INFINITY, referenceOf))
}

/**
 * The same for who must not hold up the event loop: between two steps, ledgers may change.
 * @param size of a step, in images that are put together; 1,000 take about 5 ms, and so do 20,000 that were known
 */
export function* rememberedInSteps(
  memories: readonly ClusterMemory[],
  before: Remembered | undefined,
  size: number,
  referenceOf: ReferenceOf = parseReference,
): Generator<undefined, Remembered> {
  if (before !== undefined && isSame(memories, before)) return before
  const images: RememberedImage[] = []
  const parts: RememberedPart[] = []
  let done = 0
  for (const { name, ledger } of memories) {
    const { changes } = ledger
    const entries: LedgerEntry[] = []
    const reuse = reusing(name, ledger, before)
    for (const entry of ledger.entries()) {
      entries.push(entry)
      const known = reuse(entry)
      images.push(known ?? rememberedImage(name, entry, referenceOf))
      done += known === undefined ? 1 : KNOWN_COSTS
      if (done < size) continue
      done = 0
      yield
    }
    parts.push({ name, ledger, changes, entries })
  }
  return { images, parts }
}

/** Of what it costs to put an image together. */
const KNOWN_COSTS = 1 / 20

function isSame(memories: readonly ClusterMemory[], { parts }: Remembered): boolean {
  return (
    memories.length === parts.length &&
    memories.every(({ name, ledger }, at) => {
      const part = parts[at]
      return part?.name === name && part.ledger === ledger && part.changes === ledger.changes
    })
  )
}

/**
 * Finds what was made of an entry before. A ledger keeps its order: what was before an entry and is not met any more is gone, and what is
 * new comes last.
 */
function reusing(
  name: string,
  ledger: Ledger,
  before: Remembered | undefined,
): (entry: LedgerEntry) => RememberedImage | undefined {
  const at = before?.parts.findIndex((part) => part.name === name && part.ledger === ledger) ?? -1
  const part = before?.parts[at]
  if (before === undefined || part === undefined) return () => undefined
  const first = before.parts.slice(0, at).reduce((sum, { entries }) => sum + entries.length, 0)
  let next = 0
  return (entry) => {
    while (next < part.entries.length && part.entries[next]?.image !== entry.image) next += 1
    const isSameEntry = part.entries[next] === entry
    next += 1
    return isSameEntry ? before.images[first + next - 1] : undefined
  }
}

function rememberedImage(
  cluster: string,
  { image, firstSeen, lastSeen, users, digests }: LedgerEntry,
  referenceOf: ReferenceOf,
): RememberedImage {
  return {
    image,
    reference: referenceOf(image),
    cluster,
    firstSeen,
    lastSeen,
    users,
    digests: digestsOf(digests, false),
    configs: digestsOf(digests, true),
  }
}

/** Most have none: those share one list. */
const NONE: readonly string[] = []

function digestsOf(seen: readonly SeenDigest[], isConfig: boolean): readonly string[] {
  const found = seen.filter((each) => each.isConfig === isConfig).map(({ digest }) => digest)
  return found.length === 0 ? NONE : found
}
