import type { EvictionHistory, Returned } from '#evict/evicted.ts'
import type { EvictedThing } from '#evict/evicted-key.ts'
import { EvictedThings } from '#evict/evicted-things.ts'

/** What runs of a policy have done, as it is held for as long as it can be taken back. */
export interface KnownHistory extends EvictionHistory {
  readonly went: EvictedThings
}

export const NOTHING_KNOWN: KnownHistory = { went: new EvictedThings(), returned: [], unsettled: [] }

/** The history without what these runs have done. */
export function withoutRuns(known: KnownHistory, runs: ReadonlySet<string>): KnownHistory {
  const { went, returned, unsettled } = known
  const isOther = ({ run }: { readonly run: string }) => !runs.has(run)
  return {
    ...known,
    went: went.without(runs),
    returned: returned.filter(isOther),
    unsettled: unsettled.filter(isOther),
  }
}

/** Where a run is known to have come to. */
export function repositoriesOf({ went, returned, unsettled }: KnownHistory, run: string): Set<string> {
  const others = [...returned, ...unsettled].filter((each) => each.run === run)
  return new Set([...went.repositoriesOf(run), ...others.map(({ repository }) => repository)])
}

/** The history with what the journals of all its repositories tell of one run now. As long as one is lost it stays known what it told before: it may be back at the next look (S34). */
export function withRun(known: KnownHistory, run: string, told: KnownHistory): KnownHistory {
  const others = withoutRuns(known, new Set([run]))
  const mute = new Set(told.unsettled.flatMap(({ isLost, repository }) => (isLost ? [repository] : [])))
  const isMute = (each: { readonly run: string; readonly repository: string }) =>
    each.run === run && mute.has(each.repository)
  // What is left of one of which a part is gone tells some of it.
  const seen = [...mute].flatMap((repository) => {
    const now = new Set([...told.went.of(repository)].map(thingKey))
    return [...known.went.of(repository)].filter((each) => isMute(each) && !now.has(thingKey(each)))
  })
  const returned = new Set(told.returned.map(thingKey))
  const back = known.returned.filter((each) => isMute(each) && !returned.has(thingKey(each)))
  return {
    ...others,
    went: told.went.with(others.went).with(new EvictedThings(seen)),
    returned: [...told.returned, ...back, ...others.returned],
    unsettled: [...told.unsettled, ...others.unsettled],
  }
}

/** The history with what came back, each return once. */
export function withReturned(known: KnownHistory, returned: readonly Returned[]): KnownHistory {
  const seen = new Set(known.returned.map(thingKey))
  return { ...known, returned: [...known.returned, ...returned.filter((each) => !seen.has(thingKey(each)))] }
}

function thingKey({ run, repository, tag, digest, at }: EvictedThing): string {
  return `${run} ${repository}:${tag ?? ''}@${digest} ${at}`
}
