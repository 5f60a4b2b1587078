import { TallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import { DeletionGuard } from '#controllers/deletion-guard.ts'
import { FreshUsage } from '#controllers/fresh-usage.ts'
import { executionSite, type SiteParts } from '#controllers/policy-site.ts'
import type { RegistryClaims } from '#controllers/registry-claims.ts'
import {
  type ImageInventoryObject,
  type RegistryObject,
  type RegistryPolicyObject,
  specOf,
} from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { Ended } from '#evict/eviction.ts'
import { type ExecutionEnd, execute } from '#evict/execution.ts'
import type { ExecutionProgress } from '#evict/execution-progress.ts'
import { keptSample } from '#evict/sample.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { Eviction } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import { lateUse } from '#retention/late-use.ts'
import type { RestoredTag } from '#retention/retention-input.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { parseDuration } from '#time/duration.ts'

export interface PolicyCarrierParts extends SiteParts {
  readonly claims: RegistryClaims
  readonly live: Pick<Inventories, 'all'>
  readonly inventories: ObjectStore<ImageInventoryObject>
  readonly policies: ObjectStore<RegistryPolicyObject>
  /** Why nothing of a policy may go until a human has looked (S04); undefined: nothing does. */
  readonly heldBecause: (policy: string) => string | undefined
}

/** What is carried out. */
export interface Load {
  readonly policy: RegistryPolicyObject
  readonly spec: RegistryPolicySpec
  readonly registry: RegistryObject
  readonly names: RegistryNames
  /** Id of the run. */
  readonly run: string
  readonly evictions: readonly Eviction[]
  /** By which the evictions are still to go. */
  readonly judgement: Judgement
  readonly restored: readonly RestoredTag[]
  /** When the window of the run is over, ms since the epoch. */
  readonly endsAt: number
  readonly progress: (progress: ExecutionProgress) => void
  /** Told of each thing when it has ended. */
  readonly ended: (repository: string, each: Ended) => void
  readonly signal: AbortSignal
}

/** Carries out what a policy has decided, with everything looked at again right before each request. */
export class PolicyCarrier {
  readonly #parts: PolicyCarrierParts

  constructor(parts: PolicyCarrierParts) {
    this.#parts = parts
  }

  /**
   * @returns how it ended, whatever stopped it
   * @throws what keeps it from beginning: WORKSPACE_REQUIRED, CLAIM_*, SPEC_INVALID, SECRET_*, REGISTRY_*, KUBE_*; LEADERSHIP_LOST, CANCELLED
   */
  async carry(load: Load): Promise<ExecutionEnd> {
    const { claims } = this.#parts
    const { registry, spec, signal, judgement, evictions } = load
    await claims.hold(registry, signal)
    const site = await executionSite(this.#parts, registry, this.#guard(load), signal)
    return await execute(site, {
      ...{ run: load.run, evictions, sample: keptSample(judgement), onEvict: spec.onEvict },
      gcWindowMs: parseDuration(spec.trash.gcWindow) ?? Number.POSITIVE_INFINITY,
      evictDamaged: spec.evictDamaged,
      placeholder: specOf(RegistrySpec, registry).deletion?.placeholder ?? 'Auto',
      ...{ progress: load.progress, ended: load.ended },
    })
  }

  #guard(load: Load): DeletionGuard {
    const { claims, live, inventories, fence, clock, log } = this.#parts
    const { registry, names, judgement, restored, endsAt } = load
    const pinned = new Set(restored.map(({ repository, tag }) => `${repository}:${tag}`))
    const digests = load.evictions.flatMap((eviction) => eviction.digests)
    return new DeletionGuard({
      ...{ fence, clock, endsAt },
      assertClaimed: () => claims.assertHeld(registry),
      assertWanted: () => this.#assertWanted(load.policy),
      usage: new FreshUsage({
        inventories: () => live.all(),
        wanted: () => inventories.list().map(keyOf),
        claims: () => claims.claimsOf(registry),
        ...{ names, clock },
      }),
      lateUse: lateUse(judgement, digests),
      isRestored: (repository, tag) => pinned.has(`${repository}:${tag}`),
      onSpared: (candidate, { code }) => log.info({ run: load.run, candidate, why: code }, 'spared'),
    })
  }

  /** @throws EVICTION_SUSPENDED */
  #assertWanted(policy: RegistryPolicyObject): void {
    const key = keyOf(policy)
    const now = this.#parts.policies.get(key)
    const why =
      now === undefined ||
      now.metadata.uid !== policy.metadata.uid ||
      now.metadata.deletionTimestamp !== undefined
        ? 'the RegistryPolicy is gone'
        : isSuspended(now)
          ? 'spec.suspend is true'
          : this.#parts.heldBecause(key)
    if (why !== undefined) throw new TallymanError('EVICTION_SUSPENDED', `RegistryPolicy ${key}: ${why}`)
  }
}

function isSuspended({ spec }: RegistryPolicyObject): boolean {
  return typeof spec === 'object' && spec !== null && Reflect.get(spec, 'suspend') === true
}
