import { imageOf, type RestorationStatus, restorationStatus } from '#controllers/evicted-news.ts'
import type { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import { pulledFrom } from '#controllers/policy-registry.ts'
import { askedBack, type RestoreEntry } from '#controllers/policy-restore.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { RESTORATIONS_IN_STATUS } from '#crds/registry-policy-status.ts'
import type { EvictionHistory } from '#evict/evicted.ts'

export interface AskedRestoration {
  readonly registry: RegistryObject
  readonly entries: readonly RestoreEntry[]
  /** Of the runs of the policy. */
  readonly history: EvictionHistory
  /** What the status says of earlier ones. */
  readonly before: readonly RestorationStatus[]
  readonly signal: AbortSignal
  /** ms since the epoch. */
  readonly now: number
}

/** What came of spec.restore. */
export interface RestorationRound {
  /** The runs of which something is back, or was there: their history is another one now. */
  readonly runs: ReadonlySet<string>
  /** For the status, what failed first. What was there already needs no word. */
  readonly restorations: readonly RestorationStatus[]
  /** What failed and is not told by `before`; undefined: nothing did. */
  readonly failure: string | undefined
}

/**
 * Brings back what spec.restore asks for and is not there. Can be repeated: what is back counts as done, and what failed is tried again.
 * @throws what keeps registry or workspace from being opened: SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*; CANCELLED, LEADERSHIP_LOST
 */
export async function restoreAsked(
  restorer: Pick<EvictedRestorer, 'bringBack'>,
  { registry, entries, history, before, signal, now }: AskedRestoration,
): Promise<RestorationRound> {
  const from = pulledFrom(registry)
  const asked = askedBack(entries, history)
  const runs = new Set<string>()
  const good: RestorationStatus[] = []
  const bad: RestorationStatus[] = []
  const told = new Set(before.filter(({ outcome }) => outcome === 'Failed').map(failureOf))
  let failure: string | undefined
  if (asked.length === 0) return { runs, restorations: [], failure }
  for await (const back of restorer.bringBack(registry, asked, signal)) {
    const { thing, outcome } = back
    if (outcome === 'Restored' || outcome === 'Present') runs.add(thing.run)
    if (outcome === 'Present') continue
    const status = restorationStatus(back, { cause: 'Asked', from, now })
    const statuses = outcome === 'Restored' ? good : bad
    if (statuses.length < RESTORATIONS_IN_STATUS) statuses.push(status)
    if (outcome === 'Failed' && !told.has(failureOf(status))) {
      failure ??= `${imageOf(thing, from)}: ${back.error.code}: ${back.error.message}`
    }
  }
  return { runs, restorations: [...bad, ...good], failure }
}

function failureOf({ image, message = '' }: RestorationStatus): string {
  return `${image} ${message}`
}
