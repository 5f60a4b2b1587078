import { randomUUID } from 'node:crypto'
import type { Ended } from './eviction.ts'
import type { Hands } from './hands.ts'
import type { Intent, SavedManifest, Step } from './journal.ts'

/** Records what is about to be taken away, with the manifests that it takes to bring it back. Nothing is sent before this resolves. */
export async function begin(hands: Hands, step: Step, manifests: readonly SavedManifest[]): Promise<Intent> {
  const intent: Intent = { kind: 'intent', id: randomUUID(), at: hands.clock.now(), step }
  await hands.journal.append([...manifests, intent])
  return intent
}

/** Records how an intent ended, and tells of each thing. */
export async function end(hands: Hands, intent: Intent, ended: readonly Ended[]): Promise<void> {
  await hands.journal.append([{ kind: 'outcome', intent: intent.id, at: hands.clock.now(), ended }])
  for (const each of ended) hands.ended(each)
}
