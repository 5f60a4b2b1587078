import { hasCode, type TallymanError } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import { parseManifest } from '#registry/manifest.ts'
import { digestKey, type EvictedThing, evictedKey, tagKey } from './evicted-key.ts'
import { goneAgain } from './gone-again.ts'
import type { Journal, JournalRecord, SavedManifest } from './journal.ts'
import { type JournalShelf, journaledRuns, journalOf, restoredRuns } from './journal-shelf.ts'
import { restorationsOf } from './restorations.ts'

/** A tag, or a manifest, that a run took away. */
export interface Evicted extends EvictedThing {
  /** Of an image: the digest of its config. */
  readonly config?: string | undefined
  /** What the manifest refers to: it is a signature or the like. */
  readonly subject?: string | undefined
  /** A manifest without a tag that comes back with something else that went: a tag that named it, or an index that contains it. */
  readonly isPart?: boolean | undefined
}

/** A tag, or a manifest, that was brought back. */
export interface Returned extends EvictedThing {
  /** By the run itself: it had taken, or hidden, what was to stay. */
  readonly isHarm?: boolean | undefined
}

export interface Unsettled {
  readonly repository: string
  readonly run: string
  /** Its journal, or what lies beside it, is lost: nobody knows what it has done. */
  readonly isLost?: true
}

/** What runs have done in repositories. */
export interface EvictionHistory {
  /** Is gone through more than once. */
  readonly went: Iterable<Evicted>
  readonly returned: readonly Returned[]
  /** Runs that have begun something of which nobody knows how it ended. */
  readonly unsettled: readonly Unsettled[]
  /** By repository, why what was brought back of it is not known as a whole; undefined: of all it is, or nobody has asked. */
  readonly unknownReturns?: ReadonlyMap<string, string> | undefined
}

/** One that is held as a list: of few runs, or for a short time. */
export interface ListedHistory extends EvictionHistory {
  readonly went: readonly Evicted[]
}

/** What one run has done in one repository. */
export interface RunHistory extends ListedHistory {
  /** `none`: there is no journal of it. `lost`: there is or was one, and it cannot be read. */
  readonly journal: 'read' | 'none' | 'lost'
}

/** What a run has done in a repository. @throws JOURNAL_INVALID, REGISTRY_* */
export async function historyOfRun(
  shelf: JournalShelf,
  repository: string,
  run: string,
  call: CallOptions,
): Promise<RunHistory> {
  const told = new HistoryOfRun(repository, run)
  const own = await journalOf(shelf, repository, run, call)
  const ownLost = await told.read(own, true)
  const beside = await restorationsOf(shelf, repository, run, call)
  const besideLost = await told.read(beside, false)
  const history = told.history()
  // What lies beside a journal goes after it, and a DELETE of it that was cut off leaves nothing that is missed.
  const isLost = ownLost !== undefined || (own.wasThere && besideLost !== undefined)
  return {
    ...history,
    unsettled: [...history.unsettled, ...(isLost ? [{ repository, run, isLost }] : [])],
    journal: ownLost !== undefined ? 'lost' : own.wasThere ? 'read' : 'none',
  }
}

/** What was brought back of one repository. */
export interface RepositoryReturns {
  readonly returned: readonly Returned[]
  /** Why a record of it cannot be read: what that names has to stay, and nobody knows what it is (S12). */
  readonly lost: TallymanError | undefined
}

/**
 * What was brought back of a repository as far as it is recorded and that can be read, whoever did. A few requests, where little was.
 * @throws JOURNAL_INVALID, REGISTRY_*
 */
export async function returnedTo(
  shelf: JournalShelf,
  repository: string,
  call: CallOptions,
): Promise<RepositoryReturns> {
  const returned: Returned[] = []
  let lost: TallymanError | undefined
  for (const { run, hasJournal } of await restoredRuns(shelf, repository, call)) {
    const told = new HistoryOfRun(repository, run)
    const besideLost = await told.read(await restorationsOf(shelf, repository, run, call), false)
    returned.push(...told.history().returned)
    if (hasJournal) lost ??= besideLost
  }
  return { returned, lost }
}

/** What all runs have done in a repository, or one of them. @throws JOURNAL_INVALID, REGISTRY_* */
export async function historyOfRepository(
  shelf: JournalShelf,
  repository: string,
  run: string | undefined,
  call: CallOptions,
): Promise<ListedHistory> {
  const runs = run === undefined ? await journaledRuns(shelf, repository, call) : [run]
  const histories: ListedHistory[] = []
  for (const each of runs) histories.push(await historyOfRun(shelf, repository, each, call))
  return joined(histories)
}

export function joined(histories: readonly ListedHistory[]): ListedHistory {
  return {
    went: histories.flatMap(({ went }) => went),
    returned: histories.flatMap(({ returned }) => returned),
    unsettled: histories.flatMap(({ unsettled }) => unsettled),
  }
}

/**
 * What is still gone as far as journals know, newest first. A tag that went more than once is there as what it named last; what it named before is there without
 * a tag, where it was deleted.
 */
export function stillEvicted(history: Pick<EvictionHistory, 'went' | 'returned'>): Evicted[] {
  const seen = new Set<string>()
  return [...notReturned(history)]
    .sort((a, b) => b.at - a.at)
    .filter((each) => {
      const key = evictedKey(each)
      const isFirst = !seen.has(key)
      seen.add(key)
      return isFirst
    })
}

/** What did not come back since it went, or is gone again, one after the other, in the order of `went`, and again for whoever asks again. A tag that went more than once may be there more than once. */
export function notReturned({
  went,
  returned,
}: Pick<EvictionHistory, 'went' | 'returned'>): Iterable<Evicted> {
  return {
    *[Symbol.iterator]() {
      const isBack = isBackAgain({ went, returned })
      for (const each of went) if (!isBack(each)) yield each
    },
  }
}

/** Whether something that went is back, as far as journals know. */
export function isBackAgain({
  went,
  returned,
}: Pick<EvictionHistory, 'went' | 'returned'>): (each: Evicted) => boolean {
  const returnedAt = returnTimes(returned)
  const isGoneAgain = goneAgain(went, returned)
  return (each) => returnedAt(each) !== undefined && !isGoneAgain(each)
}

/** When what went came back after that, at last, ms since the epoch; undefined: it did not. */
export function returnTimes(returned: readonly Returned[]): (each: Evicted) => number | undefined {
  const back = new Map<string, number>()
  for (const each of returned) {
    for (const key of each.tag === undefined ? [digestKey(each)] : [tagKey(each), digestKey(each)]) {
      back.set(key, Math.max(back.get(key) ?? 0, each.at))
    }
  }
  return (each) => {
    const at = back.get(evictedKey(each))
    return at !== undefined && at >= each.at ? at : undefined
  }
}

/** What the records of one run in one repository come to. */
class HistoryOfRun {
  readonly #place: { readonly repository: string; readonly run: string }
  readonly #facts = new Map<string, ManifestFacts>()
  readonly #went: Evicted[] = []
  readonly #returned: Returned[] = []
  readonly #open = new Set<string>()

  constructor(repository: string, run: string) {
    this.#place = { repository, run }
  }

  /** @param isOwn what the run itself has recorded @returns why some of it, or all, is lost */
  async read(journal: Pick<Journal, 'read'>, isOwn: boolean): Promise<TallymanError | undefined> {
    try {
      for await (const record of journal.read()) this.#take(record, isOwn)
      return undefined
    } catch (error) {
      if (!hasCode(error, 'JOURNAL_LOST')) throw error
      return error
    }
  }

  history(): ListedHistory {
    const parts = new Set(this.#went.flatMap((each) => this.#bringsBack(each)))
    return {
      went: this.#went.map((each) => {
        const { config, subject } = this.#facts.get(each.digest) ?? {}
        return { ...each, config, subject, isPart: each.tag === undefined && parts.has(each.digest) }
      }),
      returned: this.#returned,
      unsettled: this.#open.size === 0 ? [] : [this.#place],
    }
  }

  /** Digests that come back with it. */
  #bringsBack({ tag, digest }: Evicted): readonly string[] {
    const children = this.#facts.get(digest)?.children ?? []
    return tag === undefined ? children : [digest, ...children]
  }

  #take(record: JournalRecord, isOwn: boolean): void {
    switch (record.kind) {
      case 'manifest':
        this.#facts.set(record.digest, factsOf(record))
        break
      case 'intent':
        this.#open.add(record.id)
        break
      case 'outcome':
        this.#open.delete(record.intent)
        for (const { tag, digest, outcome } of record.ended) {
          const isGone = outcome === (tag === undefined ? 'swept' : 'untagged')
          if (isGone) this.#went.push({ ...this.#place, tag, digest, at: record.at })
        }
        break
      case 'restored':
        this.#returned.push({
          ...{ ...this.#place, tag: record.tag, digest: record.digest, at: record.at },
          ...(isOwn && record.isNeeded !== true ? { isHarm: true } : {}),
        })
        break
    }
  }
}

interface ManifestFacts {
  readonly config?: string | undefined
  readonly subject?: string | undefined
  readonly children?: readonly string[] | undefined
}

/** What no manifest can be made of says nothing. */
function factsOf({ bytes, digest, mediaType }: SavedManifest): ManifestFacts {
  try {
    const manifest = parseManifest(bytes, digest, mediaType, digest)
    return {
      config: manifest.kind === 'image' ? manifest.config.digest : undefined,
      subject: manifest.subject?.digest,
      children: manifest.kind === 'index' ? manifest.manifests.map((child) => child.digest) : undefined,
    }
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_MANIFEST_INVALID', 'REGISTRY_MEDIA_TYPE')) throw error
    return {}
  }
}
