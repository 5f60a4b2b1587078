import type { TallymanError } from '#catalogue/error.ts'
import { historyOfRun } from './evicted.ts'
import type { KeptImage } from './eviction.ts'
import type { ExecutionSite } from './execution-order.ts'
import type { Hands } from './hands.ts'
import { harmTo } from './sample.ts'
import type { SampleRecord } from './sample-record.ts'

/** Where a sample was taken, and by which run. */
export interface VerifiedPlace {
  readonly site: Pick<ExecutionSite, 'shelf' | 'signal'>
  readonly repository: string
  readonly run: string
  /** Opens the journal of the run there. */
  readonly hands: () => Promise<Hands>
}

/**
 * Looks once whether what stays is as it was before the run took anything, with what was brought back meanwhile, whoever did. On harm all that the run took there is brought back.
 * @returns EVICTION_HARMED where it is not; undefined: it is, or was looked at before
 * @throws what keeps it from being looked at
 */
export async function verify(place: VerifiedPlace, sample: SampleRecord): Promise<TallymanError | undefined> {
  const before = await sample.before(place.hands)
  if (before === undefined) return undefined
  const harm = await harmTo(await place.hands(), [
    ...before.whole,
    ...(await returnedSince(place, before.at)),
  ])
  sample.looked(harm === undefined)
  return harm
}

async function returnedSince(
  { site, repository, run }: VerifiedPlace,
  since: number,
): Promise<readonly KeptImage[]> {
  const { shelf, signal } = site
  const { returned } = await historyOfRun(shelf, repository, run, { signal, lane: 'bulk' })
  return returned.filter(({ at }) => at >= since)
}
