import { hasCode, type TallymanError } from '#catalogue/error.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { RunHistory } from './evicted.ts'
import type { Candidate } from './eviction.ts'
import { calls, type Hands, type Reach } from './hands.ts'
import { journalRepository } from './journal-artifact.ts'
import { isListed, placeKey } from './journal-place.ts'
import { type JournalShelf, journalOf, RESTORATIONS } from './journal-shelf.ts'
import { restorationsOf } from './restorations.ts'
import { headDigest, listTags, resolveTags } from './tags.ts'
import { takeAway } from './take-away.ts'

/** A journal that is to go from the workspace. */
export interface DoomedJournal {
  readonly shelf: JournalShelf
  readonly run: string
  /** What it tells of: if any of it is in use by now, the journal stays. */
  readonly things: readonly Candidate[]
  /** Where that was not read from it, it goes only if it is not there to be read: then it is a tag that names nothing. */
  readonly history: RunHistory['journal']
  /** The tag that named nothing at a look some time ago, in a call before this one. */
  readonly nameless?: string | undefined
  /** What was brought back after then, ms since the epoch, stays, and its record with it (S12). */
  readonly pinnedSince: number
  /** A client of the workspace with the right to delete there. @throws REGISTRY_UNAUTHORIZED, REGISTRY_FORBIDDEN where nobody has it, SECRET_* */
  readonly remover: () => Promise<RegistryClient>
}

/**
 * `gone`: nothing of it is there any more. `needed`: it stays for now, also where somebody has given it another tag. `nameless`: the tag names nothing; if it does so at another look, some time later, it goes. `refused`: the registry of the workspace deletes nothing, or not for this account, and
 * will not the next time either.
 */
export type JournalRemoval =
  | { readonly kind: 'gone' | 'needed' }
  | { readonly kind: 'nameless'; readonly tag: string }
  | { readonly kind: 'refused'; readonly error: TallymanError }

/**
 * Deletes the journal of a run about the repository of the hands, and then what is recorded beside it. Can be called again after any interruption.
 * @throws JOURNAL_INVALID something else lies there; REGISTRY_* what kept a request from being sent or answered; what the guard throws
 */
export async function removeJournal(hands: Hands, doomed: DoomedJournal): Promise<JournalRemoval> {
  // What was brought back is known for as long as what went.
  for (const tag of [doomed.run, `${doomed.run}${RESTORATIONS}`]) {
    const removal = await removeTag(hands, doomed, tag)
    if (removal.kind !== 'gone') return removal
  }
  return { kind: 'gone' }
}

async function removeTag(hands: Hands, doomed: DoomedJournal, tag: string): Promise<JournalRemoval> {
  const { shelf, things } = doomed
  const repository = journalRepository(shelf.prefix, hands.repository)
  const place: Reach = { ...hands, repository, pull: shelf.client, push: shelf.client }
  const found = await headDigest(place, tag)
  const at = { client: shelf.client, workspaceRepository: repository, run: tag }
  if (found === undefined) {
    // What this process has seen of it, and not deleted, is hidden (S34).
    if (shelf.known?.missing(placeKey(at), []) !== undefined) return { kind: 'needed' }
    if (!(await isListed(at, calls(place).read))) return { kind: 'gone' }
    // A 404 passes; what a DELETE has left that was cut off (S16) stays like that.
    if (doomed.nameless !== tag) return { kind: 'nameless', tag }
  } else if (tag === doomed.run && doomed.history !== 'read') {
    // Of what could not be read a moment ago nobody knows whether it is needed (S34).
    return { kind: 'needed' }
  }
  const journal = await journalOf(shelf, hands.repository, tag, calls(place).write)
  if (found === undefined) {
    if (journal.lost === undefined) return { kind: 'needed' }
    // It goes with a manifest only.
    await journal.bury()
  }
  const digest = found ?? (await headDigest(place, tag))
  if (digest === undefined) return { kind: 'needed' }
  const stands = async () => {
    // Somebody may have brought something back a moment ago.
    if (await isPinned(hands, doomed)) return 'spared' as const
    const names = await resolveTags(place, await listTags(place))
    return isAlone(names, tag, digest) ? undefined : ('moved' as const)
  }
  try {
    const remover = await doomed.remover()
    const outcome = await takeAway(hands, things, stands, (options) =>
      remover.deleteManifest(repository, digest, options),
    )
    if (typeof outcome === 'string') return { kind: 'needed' }
    if ('error' in outcome && outcome.kind !== 'unknown') return { kind: 'refused', error: outcome.error }
    // That it is gone, or may be, is our own doing.
    shelf.known?.forget(placeKey(at))
    if (outcome.kind === 'unknown') throw outcome.error
    return { kind: 'gone' }
  } catch (error) {
    if (hasCode(error, 'REGISTRY_UNAUTHORIZED', 'REGISTRY_FORBIDDEN')) return { kind: 'refused', error }
    throw error
  }
}

/** Whether what was brought back of the run has to stay. */
async function isPinned(hands: Hands, { shelf, run, pinnedSince, history }: DoomedJournal): Promise<boolean> {
  const records = await restorationsOf(shelf, hands.repository, run, calls(hands).read)
  if (records.lost !== undefined) return history !== 'none'
  for await (const record of records.read()) {
    if (record.kind === 'restored' && record.at > pinnedSince) return true
  }
  return false
}

/** Whether this tag, and no other one, names the digest: a DELETE takes all that do. */
function isAlone(names: ReadonlyMap<string, string | undefined>, tag: string, digest: string): boolean {
  const named = [...names].filter(([, other]) => other === digest).map(([name]) => name)
  return named.length === 1 && named[0] === tag
}
