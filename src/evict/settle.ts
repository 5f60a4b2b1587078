import { endedByName } from './ended-by-name.ts'
import type { Hands } from './hands.ts'
import { end } from './intents.ts'
import { journalState } from './journal-state.ts'
import { settleOverwrite } from './settle-overwrite.ts'
import { settleSweep } from './settle-sweep.ts'
import { settledTags } from './tags.ts'

/**
 * Finishes what an earlier process began in this repository and did not record the end of: it was killed, lost the lease, or its last DELETE was
 * cut off. Nothing is touched before two looks, a quiet period apart, agree (S16, S41). To be done before anything else is deleted here.
 * @throws JOURNAL_LOST nobody knows what that was; DELETE_UNSETTLED it still goes on, or a tag names a placeholder that should not (S43); JOURNAL_CONFLICT it has just
 * ended; DELETE_TOOK_TAG a tag was found that had lost its manifest, and has it back
 */
export async function settle(hands: Hands): Promise<void> {
  const { open } = await journalState(hands.journal)
  for (const intent of open) {
    const { step } = intent
    if (step.action === 'sweep') await settleSweep(hands, intent, step)
    else if (step.action === 'overwrite') await settleOverwrite(hands, intent, step)
    else await end(hands, intent, await endedByName(hands, step.bindings, await settledTags(hands)))
  }
}
