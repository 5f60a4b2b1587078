import type { UsageClaim } from '#inventory/claim.ts'

const LISTS = ['images', 'digests', 'configs', 'pins'] as const
type ListName = (typeof LISTS)[number]
type Lists = Pick<UsageClaim, ListName>

/** The whole is written anew once a day, so that what is not used any more is claimed no longer than that, */
const WHOLE_MS = 24 * 3_600_000
/** and when more than this part of it was added, */
const LARGEST_ADDITION = 0.1
/** but not for a handful. */
const LEAST_ADDITION = 100
/** Coverage is measured anew each time. */
const SAME_COVERAGE_MS = 60_000

/**
 * A claim in two documents: one that lasts, and what came since. What an installation uses hardly changes from one heartbeat to the next, and what is
 * overwritten takes storage until the registry collects its garbage.
 */
export interface ClaimParts {
  readonly whole: UsageClaim
  /** Later than `whole`: what else than lists it says holds. */
  readonly added: UsageClaim
}

/**
 * Together they say all that `claim` says, and what it said no longer ago than a day.
 * @param before what was written last; what of it still holds is in the result as it is
 */
export function claimInParts(before: ClaimParts | undefined, claim: UsageClaim): ClaimParts {
  const news = before === undefined ? undefined : newsSince(before.whole, claim)
  if (before === undefined || news === undefined) return { whole: claim, added: withLists(claim, () => []) }
  const added = withLists(claim, (list) => news[list])
  return { whole: before.whole, added: isSame(before.added, added) ? before.added : added }
}

/** What both say. */
export function united({ whole, added }: ClaimParts): UsageClaim {
  return withLists(added, (list) => [...new Set([...whole[list], ...added[list]])].sort())
}

/** What the whole does not say; undefined: it has to be written anew. */
function newsSince(whole: UsageClaim, claim: UsageClaim): Lists | undefined {
  if (claim.writtenAt - whole.writtenAt > WHOLE_MS) return undefined
  // One that did not know everything is worth nothing.
  if (!(whole.synced && whole.trusted)) return undefined
  const news = withLists(claim, (list) => {
    const known = new Set(whole[list])
    return claim[list].filter((entry) => !known.has(entry))
  })
  const most = Math.max(LEAST_ADDITION, LARGEST_ADDITION * sizeOf(whole))
  return sizeOf(news) > most ? undefined : news
}

function isSame(a: UsageClaim, b: UsageClaim): boolean {
  const [since, now] = [a.coveredSince ?? Number.MAX_VALUE, b.coveredSince ?? Number.MAX_VALUE]
  return (
    a.synced === b.synced &&
    a.trusted === b.trusted &&
    a.exceeded === b.exceeded &&
    ledgersText(a) === ledgersText(b) &&
    Math.abs(since - now) < SAME_COVERAGE_MS &&
    LISTS.every((list) => a[list].join('\n') === b[list].join('\n'))
  )
}

function ledgersText({ ledgers = [] }: UsageClaim): string {
  return JSON.stringify(ledgers.map(({ inventory, id, isKept }) => [inventory, id, isKept]).sort())
}

function sizeOf(lists: Lists): number {
  return LISTS.reduce((sum, list) => sum + lists[list].length, 0)
}

function withLists(claim: UsageClaim, of: (list: ListName) => readonly string[]): UsageClaim {
  return {
    ...claim,
    ...{ images: of('images'), digests: of('digests'), configs: of('configs'), pins: of('pins') },
  }
}
