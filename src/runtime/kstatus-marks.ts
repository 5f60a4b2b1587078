import type { TallymanError } from '#catalogue/error.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import type { Condition } from '#crds/meta.ts'
import { removeCondition, type Stamp, setCondition } from '#runtime/conditions.ts'

/** The part of a status that kstatus reads. */
export interface KstatusFields {
  readonly observedGeneration?: number | undefined
  readonly conditions?: readonly Condition[] | undefined
}

/** What a mark returns: to be spread over the status. */
export interface Marked {
  readonly observedGeneration?: number
  readonly conditions: Condition[]
}

/** A new or changed spec is being worked on. */
export function markProgressing(status: KstatusFields, stamp: Stamp, message: string): Marked {
  const reason = 'Progressing'
  let conditions = removeCondition(status.conditions ?? [], 'Stalled')
  conditions = setCondition(conditions, { type: 'Reconciling', status: 'True', reason, message }, stamp)
  conditions = setCondition(conditions, { type: 'Ready', status: 'Unknown', reason, message }, stamp)
  return { ...observed(status), conditions }
}

/** It failed and is tried again: Ready says why, Reconciling that we are at it. */
export function markRetrying(
  status: KstatusFields,
  stamp: Stamp,
  reason: ConditionReason,
  error: TallymanError,
): Marked {
  const message = error.advice
  let conditions = removeCondition(status.conditions ?? [], 'Stalled')
  conditions = setCondition(
    conditions,
    { type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry', message },
    stamp,
  )
  conditions = setCondition(conditions, { type: 'Ready', status: 'False', reason, message }, stamp)
  return { ...observed(status), conditions }
}

/** Only an edit of the spec mends it (S25): not for Secrets, certificates or the network. */
export function markStalled(
  status: KstatusFields,
  stamp: Stamp,
  reason: ConditionReason,
  error: TallymanError,
): Marked {
  const message = error.advice
  let conditions = removeCondition(status.conditions ?? [], 'Reconciling')
  conditions = setCondition(conditions, { type: 'Stalled', status: 'True', reason, message }, stamp)
  conditions = setCondition(conditions, { type: 'Ready', status: 'False', reason, message }, stamp)
  return { observedGeneration: stamp.generation, conditions }
}

/**
 * The spec is understood and can be worked on. Verdicts about the world stand in conditions of their own, and must be
 * set with the same stamp: kstatus' rules allow no condition of an older generation beside Ready=True.
 */
export function markReady(status: KstatusFields, stamp: Stamp, message: string): Marked {
  const conditions = setCondition(
    removeCondition(status.conditions ?? [], 'Stalled', 'Reconciling'),
    { type: 'Ready', status: 'True', reason: 'Succeeded', message },
    stamp,
  )
  return { observedGeneration: stamp.generation, conditions }
}

function observed(status: KstatusFields): { observedGeneration?: number } {
  return status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }
}
