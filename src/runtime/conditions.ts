import type { ConditionReason, ConditionType } from '#catalogue/reasons.ts'
import type { Condition } from '#crds/meta.ts'
import { redactUrls } from '#runtime/redact.ts'

/** What the API server accepts, in characters. */
export const MAX_MESSAGE = 32_768

export interface NewCondition {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ConditionReason
  readonly message: string
}

/** When a condition is stated, and about which generation of the spec. */
export interface Stamp {
  readonly generation: number
  /** Wall-clock milliseconds. */
  readonly now: number
}

export function getCondition(conditions: readonly Condition[], type: ConditionType): Condition | undefined {
  return conditions.find((condition) => condition.type === type)
}

/** Adds or replaces. `lastTransitionTime` moves only when the status does, so that an unchanged verdict is no write. */
export function setCondition(
  conditions: readonly Condition[],
  wanted: NewCondition,
  stamp: Stamp,
): Condition[] {
  const held = getCondition(conditions, wanted.type)
  const lastTransitionTime =
    held?.status === wanted.status ? held.lastTransitionTime : rfc3339Seconds(stamp.now)
  const condition: Condition = {
    type: wanted.type,
    status: wanted.status,
    reason: wanted.reason,
    message: cut(redactUrls(wanted.message)),
    observedGeneration: stamp.generation,
    lastTransitionTime,
  }
  return sorted([...conditions.filter((other) => other.type !== wanted.type), condition])
}

export function removeCondition(conditions: readonly Condition[], ...types: ConditionType[]): Condition[] {
  const gone: readonly string[] = types
  return conditions.filter((condition) => !gone.includes(condition.type))
}

/** What matters first stands first: Stalled, Reconciling, Ready, then the verdicts by name. */
function sorted(conditions: readonly Condition[]): Condition[] {
  const first = ['Stalled', 'Reconciling', 'Ready']
  const rank = (type: string) => (first.includes(type) ? first.indexOf(type) : first.length)
  return conditions.toSorted((a, b) => rank(a.type) - rank(b.type) || (a.type < b.type ? -1 : 1))
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1).trimEnd()}…`
}

/** Kubernetes' metav1.Time has no fraction of a second. */
export function rfc3339Seconds(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`
}
