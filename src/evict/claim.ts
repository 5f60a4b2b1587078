import { TallymanError } from '#catalogue/error.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import type { Clock } from '#time/clock.ts'
import { ageOf, type Moment, momentOf } from '#time/moment.ts'
import { type ClaimHolder, claimTag } from './claim-artifact.ts'
import { standingAmong } from './claim-standing.ts'
import { Claims, type FoundClaim } from './claims.ts'

/** How often claims are read and written, in milliseconds. `settleMs` has to be more than `heldMs`, and that more than `lookMs`. */
export interface ClaimTimes {
  /** Between two looks at the claims of a registry. */
  readonly lookMs: number
  /** How long after the beginning of a look it may be relied on. */
  readonly heldMs: number
  /** How long a claim has to have stood, unless it was ours before, until it is held: whoever held it has seen ours, or has stopped, by then. */
  readonly settleMs: number
  /** Between two heartbeats while somebody else has a claim, who needs to know what we use. */
  readonly sharedMs: number
  /** The same while nobody has. */
  readonly aloneMs: number
}

/** @param lookMs has to be the same in all installations: how long one waits rests on how often the others look */
export function claimTimes(lookMs: number): ClaimTimes {
  return {
    lookMs,
    heldMs: 3 * lookMs,
    settleMs: 4 * lookMs,
    sharedMs: (8 / 3) * lookMs,
    aloneMs: 40 * lookMs,
  }
}

export const CLAIM_TIMES = claimTimes(15_000)

export interface ClaimParts {
  readonly holder: ClaimHolder
  readonly clock: Clock
  readonly times?: ClaimTimes | undefined
}

/** What a refresh needs. */
export interface ClaimReach {
  /** With the right to push. */
  readonly client: RegistryClient
  /** What our installation uses now. */
  readonly usage: (signal: AbortSignal) => Promise<UsageClaim>
  /** The lease: asked right before each request that writes. @throws LEADERSHIP_LOST */
  readonly fence: () => void
  readonly signal: AbortSignal
  /** Takes away what a heartbeat has replaced. */
  readonly discard: (digest: string) => void
}

interface Look {
  readonly began: Moment
  readonly found: readonly FoundClaim[]
}

/**
 * Our claim on one registry (S01). There is no compare-and-swap: it is written, has to stand for a while, and all claims are read again before it is held; whoever
 * finds his tag written by another process writes it again and waits anew. So of two that believe to be the same operator neither holds it for long, and of two
 * that are not, each has seen the other before it deletes.
 */
export class RegistryClaim {
  readonly #holder: ClaimHolder
  readonly #clock: Clock
  readonly #times: ClaimTimes
  readonly #claims: Claims
  #look: Look | undefined
  /** Since when our claim has stood without that anybody wrote over it, monotonic. */
  #standsSince: number | undefined
  #writtenAt = Number.NEGATIVE_INFINITY
  /** Why it does not stand any more, or did not for some time. */
  #broken: TallymanError | undefined
  #breaks = 0

  constructor({ holder, clock, times = CLAIM_TIMES }: ClaimParts) {
    this.#holder = holder
    this.#clock = clock
    this.#times = times
    this.#claims = new Claims(holder)
  }

  /** What other installations use, as of the last look. */
  get usage(): readonly UsageClaim[] {
    const { found = [] } = this.#look ?? {}
    return standingAmong(this.#holder, found, this.#clock.now()).usage
  }

  /** Time alone, or the next look, may make it held. */
  get isSettling(): boolean {
    return this.#look === undefined || !this.#hasSettled(this.#look)
  }

  /** How often somebody wrote over it, or removed it. */
  get breaks(): number {
    return this.#breaks
  }

  /** It was looked at lately enough that nothing has to be asked again. */
  get isRecent(): boolean {
    return this.#look !== undefined && ageOf(this.#look.began, this.#clock) < this.#times.lookMs
  }

  /** Looks at all claims, and writes ours where that is due. @throws CLAIM_FOREIGN, REGISTRY_*, LEADERSHIP_LOST */
  async refresh(reach: ClaimReach): Promise<void> {
    const read: CallOptions = { signal: reach.signal, lane: 'interactive' }
    const began = momentOf(this.#clock)
    const gone = { now: began.monotonic, afterMs: this.#times.settleMs }
    const found = await this.#claims.read(reach.client, read, gone)
    const own = found.find(({ tag }) => tag === claimTag(this.#holder))
    const isOurs = own !== undefined && this.#isOurs(own)
    if (!isOurs && this.#standsSince !== undefined) {
      this.#broken = brokenBy(own)
      this.#breaks += 1
      this.#standsSince = undefined
    }
    this.#look = { began, found }
    const dueMs = found.some((claim) => claim !== own) ? this.#times.sharedMs : this.#times.aloneMs
    if (isOurs && this.#standsSince !== undefined && began.monotonic - this.#writtenAt < dueMs) return
    await this.#write(reach, { ...read, beforeSend: reach.fence }, own?.digest)
  }

  /** Right before a request, without asking anybody. @throws CLAIM_LOST, CLAIM_SECOND_OPERATOR, CLAIM_FOREIGN */
  assertHeld(): void {
    const look = this.#look
    if (look === undefined) throw lost('the claims of others have not been read yet')
    const ageMs = ageOf(look.began, this.#clock)
    if (ageMs > this.#times.heldMs)
      throw lost(`the claims of others were read ${Math.round(ageMs / 1000)} s ago for the last time`)
    const { obstacle } = standingAmong(this.#holder, look.found, this.#clock.now())
    if (obstacle !== undefined) throw obstacle
    if (this.#hasSettled(look)) return
    throw this.#broken ?? lost(`our claim has to stand for ${Math.round(this.#times.settleMs / 1000)} s`)
  }

  async #write(reach: ClaimReach, call: CallOptions, before: string | undefined): Promise<void> {
    const usage = await reach.usage(reach.signal)
    const digest = await this.#claims.write(reach.client, usage, call)
    this.#writtenAt = this.#clock.monotonic()
    this.#standsSince ??= this.#writtenAt
    if (before !== undefined && before !== digest) reach.discard(before)
  }

  #hasSettled({ began }: Look): boolean {
    return this.#standsSince !== undefined && began.monotonic - this.#standsSince >= this.#times.settleMs
  }

  #isOurs({ content }: FoundClaim): boolean {
    return 'heartbeat' in content && content.heartbeat.holder.process === this.#holder.process
  }
}

/** @param own what was found in place of ours, which is written again */
function brokenBy(own: FoundClaim | undefined): TallymanError {
  if (own === undefined) return lost('our claim was gone')
  const { tag, content } = own
  const by = 'unreadable' in content ? content.unreadable : `process ${content.heartbeat.holder.process}`
  return new TallymanError(
    'CLAIM_SECOND_OPERATOR',
    `${CLAIMS_REPOSITORY}:${tag} was written over by another: ${by}`,
  )
}

function lost(message: string): TallymanError {
  return new TallymanError('CLAIM_LOST', `${CLAIMS_REPOSITORY}: ${message}`)
}
