import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { AuditLine } from '#registry/client.ts'
import type { Binding, Ended, Eviction } from './eviction.ts'
import type { ExecutionOrder, ExecutionSite, RepositoryProblem } from './execution-order.ts'
import type { ProgressMeter } from './execution-progress.ts'
import { calls, type Hands } from './hands.ts'
import { journalOf } from './journal-shelf.ts'
import { journalState } from './journal-state.ts'
import { SampleRecord } from './sample-record.ts'
import { settleOthers } from './settle-others.ts'
import { sweep } from './sweep.ts'
import { assertListed, listTags } from './tags.ts'
import { copyToTrash, provenInTrash, trashBelow } from './trash.ts'
import { otherJournals } from './trash-others.ts'
import { type UntagMethod, untag } from './untag.ts'
import { untagMethod } from './untag-method.ts'
import { verify } from './verify.ts'

/** Copies that are made without asking whether the run may go on. */
const COPIES_AT_ONCE = 1_000

/** What a run does in one repository. Its journal is open only while it works on it. */
export class RepositoryTask {
  readonly #site: ExecutionSite
  readonly #order: ExecutionOrder
  readonly #eviction: Eviction
  readonly #meter: ProgressMeter
  /** Digests that go by the plan. */
  readonly #going: ReadonlySet<string>
  /** What stays against the plan. */
  readonly #held: TallymanError[] = []
  /** Those of the digests that may go by now; the others wait for their copies, or stay. */
  #ready: ReadonlySet<string> = new Set()
  #method: UntagMethod | undefined
  /** Tags that go by themselves. */
  #bindings: readonly Binding[] = []
  /** Tags that the order was told of when they went, and that have not ended yet. */
  readonly #told = new Set<string>()
  readonly #sample: SampleRecord
  #isBegun = false
  #ripeAt: number | undefined

  constructor(site: ExecutionSite, order: ExecutionOrder, eviction: Eviction, meter: ProgressMeter) {
    this.#site = site
    this.#order = order
    this.#eviction = eviction
    this.#meter = meter
    this.#sample = new SampleRecord(eviction)
    this.#going = new Set(eviction.digests)
  }

  get repository(): string {
    return this.#eviction.repository
  }

  /** Whether this call has come to it. */
  get isBegun(): boolean {
    return this.#isBegun
  }

  /** When the last copy that was made is old enough, ms since the epoch; undefined: none has to grow older. */
  get ripeAt(): number | undefined {
    return this.#ripeAt
  }

  /** How much of each stage it is, as far as that is known by then. */
  get copies(): number {
    return this.#order.onEvict === 'Trash' ? this.#going.size : 0
  }

  get tags(): number {
    return this.#bindings.length
  }

  get manifests(): number {
    return this.#ready.size
  }

  /** What stays against the plan, and why. */
  problems(): RepositoryProblem[] {
    return this.#held.map((error) => ({ repository: this.repository, error, isFinal: true }))
  }

  /**
   * Finishes what other runs have left, finds out what the registry lets go, and makes copies.
   * @throws what blocks the repository (see Execution), or stops the run
   */
  async prepare(): Promise<void> {
    this.#isBegun = true
    await this.#settleOthers()
    this.#method = await this.#untagMethod()
    const hands = await this.#hands()
    await assertListed(hands, await listTags(hands), this.#eviction.tags.keys())
    await this.#sample.take(hands, this.#order.sample.get(this.repository) ?? [])
    this.#ready = this.#order.onEvict === 'Delete' ? this.#going : await this.#copied(hands)
    this.#bindings = this.#eviction.bindings.filter((it) => this.#isReady(it) || !this.#goesWithDigest(it))
    if (this.#method === undefined) this.#goWithDigestsOnly()
  }

  /** Stage one. */
  async untag(): Promise<void> {
    if (this.#method === undefined || this.#bindings.length === 0) return
    try {
      const eviction = { ...this.#eviction, bindings: this.#bindings }
      await untag(await this.#hands(), eviction, this.#method, (binding) => this.#untagged(binding))
    } catch (error) {
      if (!hasCode(error, 'UNTAG_UNSUPPORTED')) throw error
      this.#goWithDigestsOnly(error)
    }
  }

  /** The order is told before this is recorded and counted: somebody may need the tag by then (S04). */
  #untagged({ tag, digest }: Binding): void {
    if (this.#told.has(tag)) return
    this.#told.add(tag)
    this.#order.ended?.(this.repository, { tag, digest, outcome: 'untagged' })
  }

  /** @param cause what showed that tags don't go alone here */
  #goWithDigestsOnly(cause?: TallymanError): void {
    const stuck = this.#bindings.filter((it) => !this.#goesWithDigest(it)).length
    this.#method = undefined
    this.#bindings = []
    const why = cause === undefined ? '' : ` (${cause.message})`
    if (stuck > 0)
      this.#hold('UNTAG_UNSUPPORTED', `${stuck} tags cannot go without their digest, which stays${why}`)
  }

  /** Stage two. */
  async sweep(): Promise<void> {
    if (this.#ready.size === 0) return
    const withTags =
      this.#method === undefined ? this.#eviction.bindings.filter((it) => this.#isReady(it)) : []
    const may = (digest: string) => this.#ready.has(digest)
    const gone = (binding: Binding) => this.#untagged(binding)
    await sweep(await this.#hands(), this.#eviction, { may, withTags, gone })
  }

  /** Looks once whether what stays is as it was before anything went, and records where it is. @returns EVICTION_HARMED where it is not */
  async verify(): Promise<TallymanError | undefined> {
    const hands = () => this.#hands()
    const place = { site: this.#site, repository: this.repository, run: this.#order.run, hands }
    const harm = await verify(place, this.#sample)
    await this.#sample.conclude(hands)
    return harm
  }

  #isReady({ digest }: Binding): boolean {
    return this.#ready.has(digest)
  }

  #goesWithDigest({ digest }: Binding): boolean {
    return this.#going.has(digest)
  }

  #hold(code: 'UNTAG_UNSUPPORTED' | 'NOT_RESTORABLE' | 'TRASH_UNUSABLE', what: string): void {
    this.#held.push(new TallymanError(code, `${this.repository}: ${what}`))
  }

  /** Nothing may go before everything has an end that any run began here. */
  async #settleOthers(): Promise<void> {
    const { shelf, signal } = this.#site
    const hands = async (run: string) => ({ ...(await this.#hands(run)), ended: () => undefined })
    const newcomer = { shelf, repository: this.repository, run: this.#order.run, hands }
    this.#held.push(...(await settleOthers(newcomer, { signal, lane: 'bulk' })))
  }

  /** @returns undefined: tags go with their digests only @throws REGISTRY_* where nothing can be deleted */
  async #untagMethod(): Promise<UntagMethod | undefined> {
    const { capabilities, product, signal, guard, audit } = this.#site
    const found = await capabilities.of(this.#site.delete, this.repository, { signal, guard, audit })
    if (found.digestDelete !== 'supported') {
      const why = `${this.repository}: nothing can be deleted by its digest here`
      throw found.error ?? new TallymanError('REGISTRY_UNSUPPORTED', why)
    }
    return untagMethod(found, product, this.#order.placeholder)
  }

  /** @returns digests whose copy is old enough and was read again, and those that need none */
  async #copied(hands: Hands): Promise<ReadonlySet<string>> {
    const { shelf, clock, guard, signal } = this.#site
    const { gcWindowMs, evictDamaged } = this.#order
    const place = trashBelow(shelf.prefix)
    const others = otherJournals(
      shelf,
      { repository: this.repository, run: this.#order.run },
      calls(hands).read,
    )
    const { digests } = this.#eviction
    const ready = new Set(await provenInTrash(hands, place, digests, clock.now() - gcWindowMs))
    this.#meter.trashed(ready.size)
    this.#meter.did(ready.size)
    const left = digests.filter((digest) => !ready.has(digest))
    const waiting: string[] = []
    const stuck = { unrestorable: 0, refused: 0 }
    for (let start = 0; start < left.length; start += COPIES_AT_ONCE) {
      await guard(signal)
      const some = left.slice(start, start + COPIES_AT_ONCE)
      const outcomes = await copyToTrash(hands, place, some, others)
      for (const [digest, outcome] of outcomes) {
        if (outcome === 'trashed') waiting.push(digest)
        else if (outcome === 'gone' || (outcome === 'unrestorable' && evictDamaged)) ready.add(digest)
        else stuck[outcome] += 1
      }
      this.#meter.did(outcomes.size)
    }
    this.#meter.trashed(waiting.length)
    if (stuck.unrestorable > 0)
      this.#hold('NOT_RESTORABLE', `content of ${stuck.unrestorable} manifests is missing already`)
    if (stuck.refused > 0)
      this.#hold('TRASH_UNUSABLE', `the registry takes no copy of ${stuck.refused} manifests`)
    if (waiting.length > 0) this.#ripeAt = await this.#ripe(hands, waiting)
    return ready
  }

  async #ripe(hands: Hands, waiting: readonly string[]): Promise<number> {
    const { trashed } = await journalState(hands.journal)
    let last = 0
    for (const digest of waiting) last = Math.max(last, trashed.get(digest)?.at ?? this.#site.clock.now())
    return last + this.#order.gcWindowMs + 1
  }

  /** @param run whose journal it is */
  async #hands(run = this.#order.run): Promise<Hands> {
    const { shelf, signal, fence } = this.#site
    const call = { signal, lane: 'bulk', beforeSend: fence } as const
    const journal = await journalOf(shelf, this.repository, run, call)
    const ended = (each: Ended) => {
      this.#meter.ended(each)
      const isTold = each.tag !== undefined && this.#told.delete(each.tag)
      if (!isTold) this.#order.ended?.(this.repository, each)
    }
    const audit = (line: AuditLine) => {
      this.#site.audit(line)
      const { method, reference, answer } = line
      const isGone = method === 'DELETE' && answer === 202 && reference.startsWith('sha256:')
      if (isGone) this.#order.gone?.(this.repository, reference)
    }
    const isOwn = run === this.#order.run
    const recorded = isOwn ? this.#sample.recorded(journal) : journal
    return { ...this.#site, repository: this.repository, journal: recorded, ended, audit }
  }
}
