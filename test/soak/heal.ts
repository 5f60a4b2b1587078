import type { Journal } from './journal.ts'
import { machineTime } from './machine-time.ts'
import type { Operator } from './operator.ts'
import type { Oracle } from './oracle.ts'
import { pause } from './pause.ts'
import type { Site } from './site.ts'

/** A watch that is dead is noticed after 75 s, and given up after 90. */
const LIMIT_MS = 180_000
const LOOK_MS = 500

export interface HealScene {
  readonly operator: Operator
  readonly oracle: Oracle
  readonly edge: Site
  readonly journal: Journal
  readonly signal: AbortSignal
}

/** Nothing is wrong any more: the inventory has to come back, and to hold what is there and nothing else. @returns what is wrong with it */
export async function heal({
  operator,
  oracle,
  edge,
  journal,
  signal,
}: HealScene): Promise<string | undefined> {
  journal.note('everything is mended')
  await operator.writeSecret(edge, signal)
  await operator.order({ kind: 'set clock', aheadMs: 0 })
  const problem = await comesBack(operator, oracle, signal)
  if (problem !== undefined) return problem
  journal.note('a last process begins')
  await operator.stop()
  await operator.start(1)
  return await comesBack(operator, oracle, signal)
}

async function comesBack(
  operator: Operator,
  oracle: Oracle,
  signal: AbortSignal,
): Promise<string | undefined> {
  const begun = machineTime()
  for (;;) {
    const problem = missing(operator, oracle, begun)
    if (problem === undefined || signal.aborted) return undefined
    if (machineTime() - begun > LIMIT_MS) return `After ${LIMIT_MS / 1_000} s without a fault: ${problem}`
    if (Object.keys(operator.last?.tokens ?? {}).length > 0) await operator.accept()
    await pause(LOOK_MS, signal)
  }
}

function missing({ last }: Operator, oracle: Oracle, begun: number): string | undefined {
  if (last === undefined) return 'there is no snapshot'
  if (!last.synced || !last.trusted) return `not trusted: ${last.why.join('; ')}`
  if (last.barrier === undefined || last.barrier < begun) return 'no barrier was reached'
  const live = new Set(last.live)
  const present = oracle.presentImages
  const lacking = [...present].filter((image) => !live.has(image))
  if (lacking.length > 0) return `in use and not live: ${some(lacking)}`
  const strange = last.live.filter((image) => !present.has(image))
  if (strange.length > 0) return `live, and nothing uses it: ${some(strange)}`
  const unknown = last.remembered.filter((what) => !oracle.everUsed.has(what))
  return unknown.length === 0 ? undefined : `remembered, and never used: ${some(unknown)}`
}

function some(items: readonly string[]): string {
  return `${items.length}, such as ${items.slice(0, 3).join(', ')}`
}
