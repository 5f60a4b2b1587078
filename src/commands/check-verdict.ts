import { breaksPull, type RollUp } from '#health/roll-up.ts'
import { type Verdict, verdictOf } from '#health/verdict.ts'

/** What bears on a verdict besides the run itself. */
export interface CheckCircumstances {
  readonly host: string
  readonly scope: 'InUse' | 'All'
  /** Contexts that were left out. */
  readonly missing: readonly string[]
}

/** What a run on the command line says as a whole: as of a RegistryCheck, in the words of options. */
export function checkVerdict(run: RollUp, { host, scope, missing }: CheckCircumstances): Verdict {
  const verdict = verdictOf(run)
  if (verdict.reason === 'NothingMatched') {
    return { ...verdict, message: scope === 'All' ? nothingThere(host) : nothingInUse(host) }
  }
  if (verdict.status !== 'True' || missing.length === 0) return verdict
  const message = `${verdict.message}; what else is in use is not known: ${missing.join(', ')} left out`
  return { status: 'Unknown', reason: 'InventoryNotSynced', message }
}

function nothingThere(host: string): string {
  return `Nothing was looked at: no tag of ${host} was found that is chosen`
}

function nothingInUse(host: string): string {
  return `Nothing was looked at: no image that the clusters use and that is chosen belongs to ${host}; if pods name it otherwise, say so with --alias`
}

const BROKEN = 2
const INCOMPLETE = 3
const BROKEN_INFO = 4

/**
 * 2: something that cannot be pulled is Critical or Warning. 3: no, but not everything could be looked at. 4: everything could, and what cannot
 * be pulled is only Info. 0: everything can be pulled.
 */
export function checkExitCode(run: RollUp, verdict: Verdict): number {
  const broken = run.findings.filter(breaksPull)
  if (broken.some(({ severity }) => severity !== 'Info')) return BROKEN
  if (verdict.status === 'Unknown' || run.images.unknown > 0) return INCOMPLETE
  return broken.length > 0 ? BROKEN_INFO : 0
}
