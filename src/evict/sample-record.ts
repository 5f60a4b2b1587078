import { hasCode } from '#catalogue/error.ts'
import type { Binding, Eviction, KeptImage } from './eviction.ts'
import type { Reach } from './hands.ts'
import type { Journal, JournalRecord, SampleTaken } from './journal.ts'
import { wholeOf } from './sample.ts'

/** What was whole before a run took anything from a repository. */
export interface Before {
  /** When the first look began, ms since the epoch. */
  readonly at: number
  readonly whole: readonly KeptImage[]
}

/**
 * The sample of one repository in one call of a run. The journal knows of it before it knows of anything that goes, so that harm is found by whoever goes on where a call was
 * cut off: a sample that is taken then would take it for the state before (S44). What nothing goes after is not recorded.
 */
export class SampleRecord {
  /** What goes by now, whatever an earlier call has seen, as keyOf. */
  readonly #going: ReadonlySet<string>
  #before: Before | undefined
  /** What the journal does not say yet. */
  #fresh: SampleTaken | undefined
  /** Whether the journal may speak of a sample that nobody has looked at again. */
  #mayBeOpen = false
  /** Whether another process goes on with the journal. */
  #isTakenOver = false
  /** Intents whose record failed: it may be there all the same, and nothing was sent under it. */
  readonly #unsent = new Set<string>()
  /** What looking again came to. */
  #found: 'whole' | 'harm' | undefined

  constructor(eviction: Pick<Eviction, 'bindings' | 'digests'>) {
    this.#going = keysOf(eviction)
  }

  /**
   * What is to be looked at again; undefined: nothing, or it was. Where this call has not come to take a sample, that is what earlier ones have seen whole.
   * @param reach asked only then
   */
  async before(reach: () => Promise<Pick<Reach, 'journal'>>): Promise<Before | undefined> {
    if (this.#found !== undefined) return undefined
    this.#before ??= await this.#earlier((await reach()).journal)
    return this.#before
  }

  /** Looks at the images, but for those that an earlier call has seen whole and nobody has looked at since: for these, that counts. */
  async take(reach: Reach, images: readonly KeptImage[]): Promise<void> {
    const at = reach.clock.now()
    const earlier = await this.#earlier(reach.journal)
    const known = new Set(earlier?.whole.map(keyOf))
    const whole = await wholeOf(
      reach,
      images.filter((image) => !known.has(keyOf(image))),
    )
    this.#fresh = whole.length === 0 ? undefined : { kind: 'sample', at, images: whole }
    this.#before = { at: earlier?.at ?? at, whole: [...(earlier?.whole ?? []), ...whole] }
  }

  /** The journal of the run, with the sample before the first intent that it gets: until then nothing can go. */
  recorded(journal: Journal): Journal {
    return {
      append: (records) => this.#append(journal, records),
      read: () => journal.read(),
      catchUp: () => journal.catchUp(),
      withSignal: (signal) => this.recorded(journal.withSignal(signal)),
    }
  }

  /** It was looked at again. */
  looked(isWhole: boolean): void {
    this.#found = isWhole ? 'whole' : 'harm'
  }

  /**
   * Where all of it was whole, the run takes a sample anew if it goes on: what others take away until then is no harm of the run. It stays open while something that was sent
   * may still work in the registry, and for another process that goes on with the journal (S44).
   */
  async conclude(reach: () => Promise<Pick<Reach, 'journal' | 'clock'>>): Promise<void> {
    if (this.#found !== 'whole' || !this.#mayBeOpen || this.#isTakenOver) return
    const { journal, clock } = await reach()
    const { sample, intents } = await told(journal)
    if (sample === undefined || [...intents].some((id) => !this.#unsent.has(id))) return
    await journal.append([{ kind: 'verified', at: clock.now() }])
    this.#mayBeOpen = false
  }

  async #earlier(journal: Pick<Journal, 'read'>): Promise<Before | undefined> {
    const earlier = await openSample(journal)
    this.#mayBeOpen = earlier !== undefined
    if (earlier === undefined) return undefined
    return { at: earlier.at, whole: earlier.whole.filter((image) => !this.#going.has(keyOf(image))) }
  }

  async #append(journal: Journal, records: readonly JournalRecord[]): Promise<void> {
    const intents = records.flatMap((record) => (record.kind === 'intent' ? record.id : []))
    const fresh = intents.length === 0 ? undefined : this.#fresh
    if (fresh !== undefined) this.#mayBeOpen = true
    try {
      await journal.append(fresh === undefined ? records : [fresh, ...records])
    } catch (error) {
      for (const id of intents) this.#unsent.add(id)
      if (hasCode(error, 'JOURNAL_CONFLICT')) this.#isTakenOver = true
      throw error
    }
    if (fresh !== undefined) this.#fresh = undefined
  }
}

/**
 * What earlier calls of a run have seen whole and not looked at again, without what a later one took up to take away; undefined: nothing, as in a journal of a version that
 * did not record it.
 */
export async function openSample(journal: Pick<Journal, 'read'>): Promise<Before | undefined> {
  return (await told(journal)).sample
}

interface Told {
  /** As openSample. */
  readonly sample: Before | undefined
  /** Ids of those that have no outcome. */
  readonly intents: ReadonlySet<string>
}

async function told(journal: Pick<Journal, 'read'>): Promise<Told> {
  let at: number | undefined
  const images = new Map<string, KeptImage>()
  const intents = new Set<string>()
  for await (const record of journal.read()) {
    if (record.kind === 'verified') {
      at = undefined
      images.clear()
    }
    if (record.kind === 'outcome') intents.delete(record.intent)
    if (record.kind === 'intent') {
      intents.add(record.id)
      for (const key of keysOf(record.step)) images.delete(key)
    }
    if (record.kind !== 'sample') continue
    at ??= record.at
    for (const image of record.images) if (!images.has(keyOf(image))) images.set(keyOf(image), image)
  }
  return { sample: at === undefined ? undefined : { at, whole: [...images.values()] }, intents }
}

/** What goes. `digests`: without a tag. */
interface Going {
  readonly bindings?: readonly Binding[] | undefined
  readonly digests?: readonly string[] | undefined
}

/** As keyOf. */
function keysOf({ bindings = [], digests = [] }: Going): Set<string> {
  return new Set([...bindings.map(({ tag }) => tag), ...digests])
}

/** No tag has a colon. */
function keyOf({ tag, digest }: KeptImage): string {
  return tag ?? digest
}
