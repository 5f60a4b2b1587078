import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, Manifest } from '#registry/client.ts'
import { type Chunk, readJournalManifest } from './journal-artifact.ts'
import { isListed, type JournalPlace, placeKey } from './journal-place.ts'

/** A tag in the workspace. */
type JournalTag = Pick<JournalPlace, 'client' | 'workspaceRepository' | 'run'>

/** What was found where a journal should be. */
export interface Found {
  /** Of its manifest; undefined: nothing is there. */
  readonly digest: string | undefined
  readonly chunks: readonly Chunk[]
  /** How many intents have no outcome. */
  readonly open: number
  /** Why that is not the journal, although there is or was one. */
  readonly lost?: TallymanError | undefined
}

const NOTHING: Found = { digest: undefined, chunks: [], open: 0 }

/** @throws JOURNAL_INVALID something else lies there; REGISTRY_* */
export async function findJournal(place: JournalPlace, call: CallOptions): Promise<Found> {
  const { repository, known } = place
  const key = placeKey(place)
  let manifest: Manifest | undefined
  try {
    manifest = await manifestAt(place, call)
  } catch (error) {
    if (!hasCode(error, 'JOURNAL_LOST')) throw error
    return { ...NOTHING, lost: error }
  }
  const read = manifest === undefined ? NOTHING : readJournalManifest(manifest, repository)
  if (read === undefined) throw new TallymanError('JOURNAL_INVALID', `${key} is no journal of ${repository}`)
  const found = { ...read, digest: manifest?.digest }
  const missing = known?.missing(key, found.chunks)
  if (missing === undefined) {
    known?.saw(key, found.digest, found.chunks)
    return found
  }
  const why = `${key} names ${found.digest ?? 'nothing'}, and not what was there before: ${missing}`
  return { ...found, lost: new TallymanError('JOURNAL_LOST', why) }
}

/**
 * What the tag of a journal names; undefined: there is none, which the list of tags has to say as well. A 404 may pass, and a DELETE that was cut off leaves the tag: neither
 * makes a journal one that never was (S34).
 * @throws JOURNAL_LOST the tag is listed and names nothing; REGISTRY_*
 */
export async function manifestAt(
  place: JournalTag & Pick<JournalPlace, 'known'>,
  call: CallOptions,
): Promise<Manifest | undefined> {
  // Who is asked twice may have been deleted in between: the list has the last word.
  for (const _ of ['first look', 'second look']) {
    const found = await manifestOrAbsent(place, call)
    if (found !== undefined) return found
    if (!(await isListed(place, call))) return undefined
  }
  const before = place.known?.missing(placeKey(place), [])
  const named = before === undefined ? '' : `; before it named ${before}`
  throw new TallymanError('JOURNAL_LOST', `${placeKey(place)} is listed, and names nothing${named}`)
}

async function manifestOrAbsent(
  { client, workspaceRepository, run }: JournalTag,
  call: CallOptions,
): Promise<Manifest | undefined> {
  try {
    return await client.getManifest(workspaceRepository, run, call)
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT')) return undefined
    throw error
  }
}
