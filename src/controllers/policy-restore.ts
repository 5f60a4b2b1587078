import { compileGlob } from '#crds/glob.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { withWhatRefersToThem } from '#evict/chosen-back.ts'
import { type Evicted, type EvictionHistory, stillEvicted } from '#evict/evicted.ts'
import { evictedKey } from '#evict/evicted-key.ts'
import { locator, type RegistryNames } from '#inventory/locate.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import type { RestoredTag } from '#retention/retention-input.ts'
import { Pace } from '#time/pace.ts'

type WrittenEntry = NonNullable<RegistryPolicySpec['restore']>[number]

/** An entry of spec.restore. */
export interface RestoreEntry extends WrittenEntry {
  /** What `repository` is below the URL of the registry, where it begins with a name of it, as status.restorations writes images. */
  readonly located?: string | undefined
}

/** The entries of spec.restore, of which `repository` may be written with and without the name of the registry in front. */
export function locatedEntries(entries: readonly WrittenEntry[], names: RegistryNames): RestoreEntry[] {
  const locate = locator(names)
  return entries.map((entry) => {
    const [, host, repository] = NAMED_REGISTRY.exec(entry.repository) ?? []
    if (host === undefined || repository === undefined) return entry
    const located = locate({ host: host.toLowerCase(), repository })?.repository
    return located === undefined ? entry : { ...entry, located }
  })
}

/** As a container runtime tells a host from the first segment of a repository. */
const NAMED_REGISTRY = /^((?:[^/]*[.:][^/]*)|localhost)\/(.+)$/

/** How long what was brought back stays, whatever the rules say (S12). */
export const RESTORED_FOR_MS = 31 * 24 * 60 * 60 * 1000

/**
 * What of the evicted spec.restore asks for: tags that match, what refers to their digests, and where an entry names no tags, also what went without one.
 * What is back already is not among it.
 */
export function askedBack(entries: readonly RestoreEntry[], history: EvictionHistory): Evicted[] {
  const asked = new Map<string, Evicted>()
  for (const entry of entries) {
    const gone = stillEvicted({ went: wentBy(entry, history), returned: history.returned })
    const matches = matcher(entry)
    for (const thing of withWhatRefersToThem(gone.filter(matches), gone)) {
      const key = evictedKey(thing)
      if (!asked.has(key)) asked.set(key, thing)
    }
  }
  return [...asked.values()]
}

export interface StayingInput {
  readonly entries: readonly RestoreEntry[]
  readonly history: EvictionHistory
  /** The tags of the registry, as they are now. */
  readonly facts: Pick<RegistryFacts, 'repositories'>
  /** What is remembered of earlier. */
  readonly remembered: readonly RestoredTag[]
  /** ms since the epoch. */
  readonly now: number
}

/**
 * The tags that stay because they were brought back, or because spec.restore asks for them: for 31 days after the last time that either was so (S12). What ends here goes
 * into the record of the policy. In steps.
 */
export function* stayingTags({
  entries,
  history,
  facts,
  remembered,
  now,
}: StayingInput): Generator<undefined, RestoredTag[]> {
  const until = new Map<string, RestoredTag>()
  const keep = (repository: string, tag: string, at: number) => {
    const key = `${repository}:${tag}`
    const before = until.get(key)?.until ?? now
    if (at > before) until.set(key, { repository, tag, until: at })
  }
  for (const { repository, tag, until: at } of remembered) keep(repository, tag, at)
  for (const { repository, tag, at } of history.returned) {
    if (tag !== undefined) keep(repository, tag, at + RESTORED_FOR_MS)
  }
  for (const entry of entries) {
    for (const listed of listedTags(entry, history, facts)) {
      if (listed === undefined) yield
      else keep(listed.repository, listed.tag, now + RESTORED_FOR_MS)
    }
  }
  return [...until.values()]
}

/**
 * The entries that bring nothing back and keep nothing, as people name them: nothing that the policy is known to have evicted matches, and no tag that is there. What an
 * entry has brought back long ago is there, though nobody remembers that it went. In steps.
 */
export function* unmatchedRestores({
  entries,
  history,
  facts,
}: Pick<StayingInput, 'entries' | 'history' | 'facts'>): Generator<undefined, string[]> {
  const unmatched: string[] = []
  for (const entry of entries)
    if (!(yield* speaksOfSomething(entry, history, facts))) unmatched.push(entryText(entry))
  return unmatched
}

function* speaksOfSomething(
  entry: RestoreEntry,
  history: EvictionHistory,
  facts: StayingInput['facts'],
): Generator<undefined, boolean> {
  const matches = matcher(entry)
  const pace = new Pace()
  for (const each of history.went) {
    if (isOfRun(entry, each) && matches(each)) return true
    if (pace.isTurnOver()) yield
  }
  if (entry.run !== undefined) return false
  const isNamed = repositoryMatcher(entry)
  // Of what was not read in full nobody knows which tags are there.
  const isUnknown = facts.repositories.some(({ name, incomplete }) => {
    return incomplete !== undefined && isNamed(name)
  })
  if (isUnknown) return true
  for (const listed of listedTags(entry, history, facts)) {
    if (listed !== undefined) return true
    yield
  }
  return false
}

/** `shop/cart:v1.4.2`, `shop/cart of run main-20261126t030000-3f9a`. */
function entryText({ repository, tag, run }: RestoreEntry): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${run === undefined ? '' : ` of run ${run}`}`
}

/** The tags that an entry speaks of: those that are there, or, where it names a run, those that the run evicted. undefined: a turn is over. */
function* listedTags(
  entry: RestoreEntry,
  { went }: EvictionHistory,
  { repositories }: Pick<RegistryFacts, 'repositories'>,
): Generator<{ readonly repository: string; readonly tag: string } | undefined> {
  const matches = matcher(entry)
  const pace = new Pace()
  if (entry.run !== undefined) {
    for (const each of went) {
      const { repository, tag } = each
      if (tag !== undefined && isOfRun(entry, each) && matches({ repository, tag })) yield { repository, tag }
      if (pace.isTurnOver()) yield undefined
    }
    return
  }
  for (const { name: repository, tags } of repositories) {
    for (const { tag } of tags) {
      if (matches({ repository, tag })) yield { repository, tag }
      if (pace.isTurnOver()) yield undefined
    }
  }
}

/** What went of the run and from the repositories that an entry names, again for whoever asks again. What refers to something lies beside it, or in a repository of its own, which an entry has to name. */
function wentBy(entry: RestoreEntry, { went }: EvictionHistory): Iterable<Evicted> {
  return {
    *[Symbol.iterator]() {
      const isNamed = repositoryMatcher(entry)
      for (const each of went) if (isOfRun(entry, each) && isNamed(each.repository)) yield each
    },
  }
}

function isOfRun({ run }: RestoreEntry, each: Pick<Evicted, 'run'>): boolean {
  return run === undefined || each.run === run
}

function repositoryMatcher({ repository, located }: RestoreEntry): (name: string) => boolean {
  const patterns = [repository, ...(located === undefined ? [] : [located])].map((each) => compileGlob(each))
  return (name) => patterns.some((pattern) => pattern.matches(name))
}

function matcher(entry: RestoreEntry): (thing: Pick<Evicted, 'repository' | 'tag'>) => boolean {
  const isNamed = repositoryMatcher(entry)
  const tags = entry.tag === undefined ? undefined : compileGlob(entry.tag)
  // What is asked about lies repository by repository.
  let last = { repository: '', isMatch: isNamed('') }
  return ({ repository, tag }) => {
    if (last.repository !== repository) last = { repository, isMatch: isNamed(repository) }
    return last.isMatch && (tags === undefined || (tag !== undefined && tags.matches(tag)))
  }
}
