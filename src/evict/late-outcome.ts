import { randomUUID } from 'node:crypto'
import { hasCode } from '#catalogue/error.ts'
import type { Ended } from './eviction.ts'
import type { Intent, IntentOutcome, Journal, JournalRecord, Step } from './journal.ts'

/** So often what another process has recorded meanwhile is read again. */
const ATTEMPTS = 5

/**
 * Records what went under an intent in a journal that another process has continued meanwhile, and may have given that intent an end already: what went since is
 * known to nobody else (S41). What that process has recorded is not recorded again.
 * @param outcome that could not be appended
 * @throws JOURNAL_CONFLICT it is continued all the time; JOURNAL_LOST, REGISTRY_*
 */
export async function recordLate(journal: Journal, intent: Intent, outcome: IntentOutcome): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await journal.catchUp()
    const records = lateRecords(intent, outcome, await toldSince(journal, intent.id))
    if (records.length === 0) return
    try {
      return await journal.append(records)
    } catch (error) {
      if (!hasCode(error, 'JOURNAL_CONFLICT') || attempt === ATTEMPTS) throw error
    }
  }
}

/** What a journal says behind an intent. */
interface Told {
  readonly isOpen: boolean
  /** What went, or is back, since the intent. */
  readonly known: ReadonlySet<string>
}

async function toldSince(journal: Journal, id: string): Promise<Told> {
  const known = new Set<string>()
  let isOpen = false
  let isBehind = false
  for await (const record of journal.read()) {
    if (record.kind === 'intent' && record.id === id) isOpen = isBehind = true
    if (!isBehind) continue
    if (record.kind === 'restored') known.add(keyOf(record))
    if (record.kind !== 'outcome') continue
    for (const each of record.ended) if (isGone(each)) known.add(keyOf(each))
    if (record.intent === id) isOpen = false
  }
  return { isOpen, known }
}

/**
 * An intent has one end, as a journal counts how many have none: where it has that, what is not in it gets an intent of its own, which begins and ends at once.
 */
function lateRecords(intent: Intent, outcome: IntentOutcome, { isOpen, known }: Told): JournalRecord[] {
  const ended = outcome.ended.filter((each) => !known.has(keyOf(each)))
  if (isOpen) return [{ ...outcome, ended }]
  const went = ended.filter(isGone)
  if (went.length === 0) return []
  const id = randomUUID()
  return [
    { kind: 'intent', id, at: outcome.at, step: stepOf(intent.step, went) },
    { ...outcome, intent: id, ended: went },
  ]
}

function keyOf({ tag, digest }: Pick<Ended, 'tag' | 'digest'>): string {
  return tag === undefined ? digest : `${tag}@${digest}`
}

function isGone({ outcome }: Ended): boolean {
  return outcome === 'untagged' || outcome === 'swept'
}

/** Without the tags that there were before: another process has counted them since. */
function stepOf({ action }: Step, went: readonly Ended[]): Step {
  const bindings = went.flatMap(({ tag, digest }) => (tag === undefined ? [] : { tag, digest }))
  if (action !== 'sweep') return { action: 'untag', bindings }
  return { action, digests: went.flatMap(({ tag, digest }) => (tag === undefined ? digest : [])), bindings }
}
