import { asTallymanError } from '#catalogue/error.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { withTimeLimit } from '#controllers/time-limit.ts'
import type { RegistryClaim } from '#evict/claim.ts'
import { discardHeartbeat } from '#evict/claims.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { type ClaimLimit, limitText } from '#inventory/claim-limits.ts'
import type { Log } from '#kube/log.ts'
import type { AuditLine } from '#registry/client.ts'
import type { Fence } from '#runtime/fence.ts'
import type { Clock } from '#time/clock.ts'

/** Of one refresh: with it, a registry that does not answer is asked again while its claim may still be held. */
export const LONGEST_WRITE_MS = 20_000

export interface KeptClaimParts {
  readonly claim: RegistryClaim
  readonly access: RegistryAccess
  readonly usage: (signal: AbortSignal) => Promise<UsageClaim>
  readonly fence: Fence
  readonly clock: Clock
  readonly log: Log
  readonly term: AbortSignal
}

/** The claim on one registry, refreshed by whoever needs it, once at a time. */
export class KeptClaim {
  readonly claim: RegistryClaim
  readonly #parts: KeptClaimParts
  #refreshing: Promise<void> | undefined
  #discarding: Promise<void> | undefined
  #mayDiscard = true
  #exceeded: ClaimLimit | undefined

  constructor(parts: KeptClaimParts) {
    this.claim = parts.claim
    this.#parts = parts
  }

  /** Joins a refresh that is under way. @throws as RegistryClaim.refresh; SPEC_INVALID, SECRET_*, TIMED_OUT */
  refresh(registry: RegistryObject): Promise<void> {
    this.#refreshing ??= this.#refresh(registry).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Resolves when nothing that was sent is under way any more. */
  async rest(): Promise<void> {
    await Promise.allSettled([this.#refreshing, this.#discarding])
  }

  #refresh(registry: RegistryObject): Promise<void> {
    const { claim, access, usage, fence, clock, term } = this.#parts
    const message = `the claim on the registry took longer than ${LONGEST_WRITE_MS / 1000} s`
    return withTimeLimit({ clock, signal: term, ms: LONGEST_WRITE_MS, message }, async (signal) => {
      const { client } = await access.open(registry, signal, 'push')
      await claim.refresh({
        ...{ client, signal },
        usage: async (asked) => this.#told(registry, await usage(asked)),
        fence: () => fence.assertLeader(),
        discard: (digest) => this.#discard(registry, digest),
      })
    })
  }

  /** Each limit once, until the claim holds everything again. */
  #told({ metadata }: RegistryObject, claim: UsageClaim): UsageClaim {
    const { exceeded } = claim
    if (exceeded !== undefined && exceeded !== this.#exceeded) {
      const fields = { registry: `${metadata.namespace}/${metadata.name}`, reason: limitText(exceeded) }
      this.#parts.log.warn(fields, 'the claim can not say all that is in use: no other installation deletes')
    }
    this.#exceeded = exceeded
    return claim
  }

  /** A DELETE has no time limit, so that nobody waits for it here. One that fails leaves a manifest of some hundred bytes. */
  #discard(registry: RegistryObject, digest: string): void {
    if (!this.#mayDiscard || this.#discarding !== undefined) return
    this.#discarding = this.#delete(registry, digest)
      .catch((thrown: unknown) => {
        const { code, message } = asTallymanError(thrown)
        this.#parts.log.warn({ code, reason: message }, 'a heartbeat that was replaced is not deleted')
      })
      .finally(() => {
        this.#discarding = undefined
      })
  }

  async #delete(registry: RegistryObject, digest: string): Promise<void> {
    const { access, fence, log, term: signal } = this.#parts
    const { client } = await access.open(registry, signal, 'delete')
    const guard = async () => fence.assertLeader()
    const audit = (line: AuditLine) => log.info({ audit: line }, 'a heartbeat that was replaced is deleted')
    this.#mayDiscard = await discardHeartbeat(client, digest, { signal, guard, audit })
  }
}
