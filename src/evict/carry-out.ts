import type { AuditLine } from '#registry/client.ts'
import type { Binding, Ended } from './eviction.ts'
import { type Hands, unstoppable } from './hands.ts'
import { end } from './intents.ts'
import type { Intent } from './journal.ts'
import { savedManifests } from './journal-state.ts'
import { lookAfter } from './look-after.ts'
import type { RawManifest } from './placeholder.ts'
import { putBackLost } from './put-back.ts'
import { copyOf } from './save.ts'
import { listTags, missingFrom } from './tags.ts'

/** The tags that there are before some of them go. */
export interface TagsBefore {
  readonly all: Iterable<string>
  /** That are to go: they are not missed, but for those that may follow a placeholder. */
  readonly bindings: readonly Binding[]
  /** What one names, as it is known by then; undefined: it is not. */
  readonly digestOf: (tag: string) => string | undefined
}

/** How tags ended that were to go, and all tags that are left. */
export interface Untagging {
  readonly ended: readonly Ended[]
  readonly left: ReadonlySet<string>
  /** Tags that were to go, did not by us, and were there right before the DELETE: they may name a placeholder that somebody promoted to them (S43). */
  readonly mayFollow?: ReadonlySet<string>
}

/**
 * Does what an intent says of tags, records how they ended, and counts the others: one that went along gets back what it named. They are counted also where `work` fails or is told
 * to stop once a DELETE was sent, and where its end cannot be recorded: who goes on does not know which tags there were (S40, S43).
 * @param work sends its DELETEs by the hands that it is given
 * @throws DELETE_TOOK_TAG before all else; what `work` and `end` throw
 */
export async function carryOut(
  hands: Hands,
  intent: Intent,
  before: TagsBefore,
  work: (hands: Hands) => Promise<Untagging>,
): Promise<void> {
  const { ended, left, mayFollow } = await countedIfStopped(hands, before, work)
  const count = () => assertOthersLeft(hands, before, left, mayFollow)
  try {
    await end(hands, intent, ended)
  } catch (error) {
    await lookAfter(error, count)
    throw error
  }
  await count()
}

async function countedIfStopped<T>(
  hands: Hands,
  before: TagsBefore,
  work: (hands: Hands) => Promise<T>,
): Promise<T> {
  let isSent = false
  const audit = (line: AuditLine) => {
    isSent ||= line.method === 'DELETE'
    hands.audit(line)
  }
  try {
    return await work({ ...hands, audit })
  } catch (error) {
    // Without a DELETE of ours it was somebody else who took what is missing.
    if (isSent) {
      await lookAfter(error, async () => assertOthersLeft(hands, before, await listTags(unstoppable(hands))))
    }
    throw error
  }
}

async function assertOthersLeft(
  hands: Hands,
  { all, bindings, digestOf }: TagsBefore,
  left: ReadonlySet<string>,
  mayFollow: ReadonlySet<string> = new Set(),
): Promise<void> {
  const planned = new Set(bindings.map(({ tag }) => tag))
  const lost = missingFrom(left, all).filter((tag) => !planned.has(tag) || mayFollow.has(tag))
  if (lost.length > 0) await putBackLost(hands, lost, (tag, urgent) => stayed(urgent, digestOf(tag)))
}

/** What a tag named that stays: as the registry has it, or the journal, where that went along (S40). */
async function stayed(hands: Hands, digest: string | undefined): Promise<RawManifest | undefined> {
  if (digest === undefined) return undefined
  const copy = await copyOf(hands, digest)
  if (typeof copy === 'object') return copy
  return (await savedManifests(hands.journal, new Set([digest]))).get(digest)
}
