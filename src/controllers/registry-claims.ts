import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import { ClaimedUsage, type ClaimedUsageParts } from '#controllers/claimed-usage.ts'
import { KeptClaim, LONGEST_WRITE_MS } from '#controllers/kept-claim.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { type RegistryObject, type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { unlessInvalid } from '#controllers/unless-invalid.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { CLAIM_TIMES, type ClaimTimes, RegistryClaim } from '#evict/claim.ts'
import { claimTag } from '#evict/claim-artifact.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import { registryUrl } from '#inventory/registry-names.ts'
import type { KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import type { Log } from '#kube/log.ts'
import type { Fence } from '#runtime/fence.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import type { Clock } from '#time/clock.ts'

export interface RegistryClaimsParts extends Pick<ClaimedUsageParts, 'left' | 'wanted'> {
  readonly access: RegistryAccess
  readonly live: Pick<Inventories, 'all'>
  readonly policies: Pick<ObjectStore<RegistryPolicyObject>, 'list'>
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get'>
  /** Of the cluster that we run in: its identity is the name of the installation. */
  readonly client: KubeClient
  /** The namespace of the operator. */
  readonly operator: string
  /** Of this process alone. */
  readonly process: string
  readonly fence: Fence
  readonly clock: Clock
  readonly log: Log
  readonly times?: ClaimTimes
}

interface Term {
  readonly signal: AbortSignal
  /** By URL: two Registries of one URL have one claim. */
  readonly kept: Map<string, KeptClaim>
  /** By URL, the code of what keeps a claim from being refreshed. */
  readonly failing: Map<string, string>
}

/**
 * The claims of this installation on registries (S01). While the process leads, each registry that a policy is about is claimed, one of mode DryRun only with the right
 * to push that the Registry gives by name; suspended policies count, and those that have nothing to do: others have to know what we use. A claim is never withdrawn: whoever wants that deletes its tag.
 */
export class RegistryClaims {
  readonly #parts: RegistryClaimsParts
  readonly #times: ClaimTimes
  readonly #usage: ClaimedUsage
  #term: Term | undefined
  #installation: string | undefined

  constructor(parts: RegistryClaimsParts) {
    this.#parts = parts
    this.#times = parts.times ?? CLAIM_TIMES
    this.#usage = new ClaimedUsage(parts)
  }

  /** Keeps claims fresh until `signal` aborts; resolves when nothing that was sent is under way any more. */
  async lead(signal: AbortSignal): Promise<void> {
    const term: Term = { signal, kept: new Map(), failing: new Map() }
    this.#term = term
    const keeping = new Set<Promise<void>>()
    while (!signal.aborted) {
      for (const [url, registry] of this.#claimed()) {
        const kept = this.#keep(term, url, registry).finally(() => keeping.delete(kept))
        keeping.add(kept)
      }
      await this.#pause(signal)
    }
    this.#term = undefined
    await Promise.all(keeping)
    await Promise.all([...term.kept.values()].map((kept) => kept.rest()))
  }

  /**
   * Claims the registry, which takes a minute in a new term, and reads the claims of others. To be called before a run and while it goes on.
   * @throws CLAIM_*; SPEC_INVALID, SECRET_*, REGISTRY_*, KUBE_*, TIMED_OUT; LEADERSHIP_LOST, CANCELLED
   */
  async hold(registry: RegistryObject, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    const { lookMs, settleMs } = this.#times
    const kept = await this.#kept(urlOf(registry))
    const { claim } = kept
    const until = clock.monotonic() + LONGEST_WRITE_MS + 2 * settleMs
    // Somebody who writes over it again and again would keep it from settling for ever.
    const mostBreaks = claim.breaks + 1
    for (;;) {
      if (!claim.isRecent) await kept.refresh(registry)
      signal.throwIfAborted()
      const isHopeless = claim.breaks > mostBreaks || clock.monotonic() > until
      if (!claim.isSettling || isHopeless) return claim.assertHeld()
      await clock.sleep(lookMs, signal)
    }
  }

  /** Right before a request, without asking anybody. @throws CLAIM_LOST, CLAIM_SECOND_OPERATOR, CLAIM_FOREIGN, SPEC_INVALID */
  assertHeld(registry: RegistryObject): void {
    const url = urlOf(registry)
    const kept = this.#term?.kept.get(url)
    if (kept === undefined) throw new TallymanError('CLAIM_LOST', `${url} is not claimed`)
    kept.claim.assertHeld()
  }

  /** The tag of our claims; undefined: not known before the first one is held. */
  get ownTag(): string | undefined {
    if (this.#installation === undefined) return undefined
    return claimTag({ installation: this.#installation, operator: this.#parts.operator })
  }

  /** What other installations use, as of the last look: to be united with what ours does. @throws SPEC_INVALID */
  claimsOf(registry: RegistryObject): readonly UsageClaim[] {
    return this.#term?.kept.get(urlOf(registry))?.claim.usage ?? []
  }

  /** Ends early with the term. */
  async #pause(signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.clock.sleep(this.#times.lookMs, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** By URL, what is to be claimed. */
  #claimed(): Map<string, RegistryObject> {
    const claimed = new Map<string, RegistryObject>()
    for (const policy of this.#parts.policies.list()) {
      if (policy.metadata.deletionTimestamp !== undefined) continue
      const registry = unlessInvalid(() => this.#registryOf(policy))
      const url = registry && unlessInvalid(() => urlOf(registry))
      if (registry !== undefined && url !== undefined) claimed.set(url, registry)
    }
    return claimed
  }

  /** undefined: it can't be claimed for, or there is no such Registry. @throws SPEC_INVALID */
  #registryOf(policy: RegistryPolicyObject): RegistryObject | undefined {
    const { mode, registryRef } = specOf(RegistryPolicySpec, policy)
    const registry = this.#parts.registries.get(`${policy.metadata.namespace ?? ''}/${registryRef.name}`)
    if (registry === undefined || mode !== 'DryRun') return registry
    return specOf(RegistrySpec, registry).credentials?.push === undefined ? undefined : registry
  }

  async #keep(term: Term, url: string, registry: RegistryObject): Promise<void> {
    const log = this.#parts.log.child({ registry: url, repository: CLAIMS_REPOSITORY })
    try {
      const kept = await this.#kept(url)
      await kept.refresh(registry)
      if (term.failing.delete(url)) log.info({}, 'the claim is written again')
    } catch (thrown) {
      const { code, advice } = asTallymanError(thrown)
      if (term.signal.aborted || code === 'LEADERSHIP_LOST') return
      if (term.failing.get(url) !== code) log.warn({ code, reason: advice }, 'the claim is not kept')
      term.failing.set(url, code)
    }
  }

  /** @throws KUBE_*, CANCELLED; LEADERSHIP_LOST */
  async #kept(url: string): Promise<KeptClaim> {
    const term = this.#term
    if (term === undefined) throw new TallymanError('LEADERSHIP_LOST', 'This process does not lead')
    const { access, client, operator, process, fence, clock, log } = this.#parts
    this.#installation ??= await readClusterIdentity(client, { signal: term.signal })
    const known = term.kept.get(url)
    if (known !== undefined) return known
    const holder = { installation: this.#installation, operator, process }
    const kept = new KeptClaim({
      ...{ access, fence, clock, log, term: term.signal },
      claim: new RegistryClaim({ holder, clock, times: this.#times }),
      usage: (signal) => this.#usage.of(holder.installation, signal),
    })
    term.kept.set(url, kept)
    return kept
  }
}

/** @throws SPEC_INVALID */
function urlOf(registry: RegistryObject): string {
  return registryUrl(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '').href
}
