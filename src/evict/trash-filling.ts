import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Manifest } from '#registry/client.ts'
import { parseManifest } from '#registry/manifest.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import { calls, type Reach } from './hands.ts'
import type { JournalRecord } from './journal.ts'
import type { Copy } from './save.ts'
import type { Family } from './trash-family.ts'
import type { TrashShelf } from './trash-shelf.ts'
import { isMissing, Wholeness } from './wholeness.ts'
import { WIDTH } from './width.ts'

/** A manifest that is to be copied. */
export interface TrashImage {
  readonly digest: string
  readonly family: Family
}

/**
 * How the copying of one manifest ended. `gone`: it is not there. `unrestorable`: content of it is missing or damaged in the source, so that
 * nothing could bring it back (S18). `refused`: it is whole, and the registry does not take it again as it is.
 */
export type TrashOutcome = 'trashed' | 'gone' | 'unrestorable' | 'refused'

/**
 * Copies images into one repository of the trash, side by side. Before the first request the journal knows what may lie there from now on; a copy
 * counts when it was read again.
 * @param copies of manifests that were read already
 */
export async function fillShelf(
  reach: Reach,
  shelf: TrashShelf,
  images: readonly TrashImage[],
  copies: ReadonlyMap<string, Copy>,
): Promise<ReadonlyMap<string, TrashOutcome>> {
  const { repository } = shelf
  const { journal, clock } = reach
  const manifests = new Map(images.flatMap(({ family }) => [...family]))
  await journal.append([
    {
      kind: 'trashing',
      at: clock.now(),
      repository,
      manifests: [...manifests].map(([digest, children]) => ({ digest, children })),
    },
  ])
  const outcomes = new Map<string, TrashOutcome>()
  await sideBySide(images, WIDTH, async ({ digest }) => {
    outcomes.set(digest, await copy(reach, shelf, digest, copies))
  })
  const whole = images.filter(({ digest }) => outcomes.get(digest) === 'trashed')
  const digests = [...new Set(whole.flatMap(({ family }) => [...family.keys()]))]
  const unrestorable = images.flatMap(({ digest }) => {
    const saved = copies.get(digest)
    return outcomes.get(digest) === 'unrestorable' && typeof saved === 'object' ? [saved] : []
  })
  const records: JournalRecord[] = [...unrestorable]
  if (digests.length > 0) records.push({ kind: 'trashed', at: clock.now(), repository, digests })
  if (records.length > 0) await journal.append(records)
  return outcomes
}

async function copy(
  reach: Reach,
  shelf: TrashShelf,
  digest: string,
  copies: ReadonlyMap<string, Copy>,
): Promise<TrashOutcome> {
  try {
    await shelf.copy(digest, (each) => sourceOf(reach, each, copies))
    return 'trashed'
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (!isMissing(error) && error.code !== 'REGISTRY_MEDIA_TYPE') throw error
    // What an error of the trash says of content counts only if the source says so, too.
    if (!(await new Wholeness(reach, reach.repository).holds(digest))) return 'unrestorable'
    if (error.code === 'REGISTRY_MANIFEST_INVALID') return 'refused'
    throw new TallymanError(
      'TRASH_UNUSABLE',
      `${shelf.repository}: no complete copy of ${reach.repository}@${digest} can be made: ${error.message}`,
      { cause: error },
    )
  }
}

async function sourceOf(
  { repository, pull, ...reach }: Reach,
  digest: string,
  copies: ReadonlyMap<string, Copy>,
): Promise<Manifest> {
  const saved = copies.get(digest)
  if (typeof saved !== 'object') {
    return await pull.getManifest(repository, digest, calls({ repository, pull, ...reach }).read)
  }
  return parseManifest(saved.bytes, digest, saved.mediaType, `${repository} ${digest}`)
}
