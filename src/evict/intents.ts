import { randomUUID } from 'node:crypto'
import { hasCode } from '#catalogue/error.ts'
import type { Ended } from './eviction.ts'
import type { Hands } from './hands.ts'
import type { Intent, IntentOutcome, SavedManifest, Step } from './journal.ts'
import { recordLate } from './late-outcome.ts'

/** Records what is about to be taken away, with the manifests that it takes to bring it back. Nothing is sent before this resolves. */
export async function begin(hands: Hands, step: Step, manifests: readonly SavedManifest[]): Promise<Intent> {
  const intent: Intent = { kind: 'intent', id: randomUUID(), at: hands.clock.now(), step }
  await hands.journal.append([...manifests, intent])
  return intent
}

/**
 * Records how an intent ended, and tells of each thing.
 * @throws JOURNAL_CONFLICT another process goes on with this journal: what went is recorded all the same (S41); JOURNAL_LOST, REGISTRY_*
 */
export async function end(hands: Hands, intent: Intent, ended: readonly Ended[]): Promise<void> {
  const outcome: IntentOutcome = { kind: 'outcome', intent: intent.id, at: hands.clock.now(), ended }
  let conflict: unknown
  try {
    await hands.journal.append([outcome])
  } catch (error) {
    if (!hasCode(error, 'JOURNAL_CONFLICT')) throw error
    await recordLate(hands.journal, intent, outcome)
    conflict = error
  }
  for (const each of ended) hands.ended(each)
  if (conflict !== undefined) throw conflict
}
