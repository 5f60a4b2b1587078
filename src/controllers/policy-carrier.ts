import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import { DeletionGuard } from '#controllers/deletion-guard.ts'
import { FreshUsage } from '#controllers/fresh-usage.ts'
import { RESTORED_FOR_MS } from '#controllers/policy-restore.ts'
import { executionSite, journalRemover, type SiteParts } from '#controllers/policy-site.ts'
import type { RegistryClaims } from '#controllers/registry-claims.ts'
import {
  type ImageInventoryObject,
  type RegistryObject,
  type RegistryPolicyObject,
  specOf,
} from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { Evicted, EvictionHistory } from '#evict/evicted.ts'
import type { Ended } from '#evict/eviction.ts'
import { type ExecutionEnd, execute, type RepositoryProblem } from '#evict/execution.ts'
import type { ExecutionProgress } from '#evict/execution-progress.ts'
import { journalOf } from '#evict/journal-shelf.ts'
import { type PurgeEnd, RunPurger } from '#evict/run-purger.ts'
import { keptSample } from '#evict/sample.ts'
import { settle } from '#evict/settle.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { Eviction } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import { type LateUse, lateUse } from '#retention/late-use.ts'
import type { EndedRun } from '#retention/policy-record.ts'
import type { RestoredTag } from '#retention/retention-input.ts'
import { useReason } from '#retention/use-reason.ts'
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
  /** Told of each manifest as soon as it is gone. */
  readonly gone: (repository: string, digest: string) => void
  readonly signal: AbortSignal
}

/** What is needed to purge. */
type PurgeLoad = Omit<Load, 'run' | 'evictions' | 'progress' | 'ended' | 'gone'>

/** Carries out what a policy has decided, with everything looked at again right before each request. */
export class PolicyCarrier {
  readonly #parts: PolicyCarrierParts
  /** By Registry. */
  readonly #purgers = new Map<string, RunPurger>()

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
    const digests = evictions.flatMap((eviction) => eviction.digests)
    const guard = this.#guard(load, lateUse(judgement, digests))
    const site = await executionSite(this.#parts, registry, guard, signal)
    return await execute(site, {
      ...{ run: load.run, evictions, sample: keptSample(judgement), onEvict: spec.onEvict },
      gcWindowMs: parseDuration(spec.trash.gcWindow) ?? Number.POSITIVE_INFINITY,
      evictDamaged: spec.evictDamaged,
      placeholder: specOf(RegistrySpec, registry).deletion?.placeholder ?? 'Auto',
      ...{ progress: load.progress, ended: load.ended, gone: load.gone },
    })
  }

  /**
   * Purges the copies in the trash that runs made before `before`, ms since the epoch, and the journals of those of which nothing is needed any more; what is in use by
   * now stays (S04).
   * @param went what these runs have evicted
   * @throws as carry
   */
  async purge(
    load: PurgeLoad,
    runs: readonly EndedRun[],
    went: readonly Evicted[],
    before: number,
  ): Promise<PurgeEnd> {
    const { claims } = this.#parts
    const { registry, signal } = load
    await claims.hold(registry, signal)
    const inUse = evictedUse(went)
    const site = await executionSite(this.#parts, registry, this.#guard(load, inUse), signal)
    const key = keyOf(registry)
    const purger = this.#purgers.get(key) ?? new RunPurger()
    this.#purgers.set(key, purger)
    return await purger.purge(site, {
      ...{ runs, before, asked: new Set((load.spec.restore ?? []).flatMap(({ run }) => run ?? [])) },
      pinnedSince: this.#parts.clock.now() - RESTORED_FOR_MS,
      remover: () => journalRemover(this.#parts, registry, signal),
    })
  }

  /**
   * Gives an end to what runs have begun and not recorded the end of: nothing more goes, and tags get back what they named.
   * @returns what is still open, and why
   * @throws what keeps it from beginning; LEADERSHIP_LOST, CANCELLED
   */
  async settle(
    { registry, signal }: Pick<Load, 'registry' | 'signal'>,
    unsettled: EvictionHistory['unsettled'],
  ): Promise<RepositoryProblem[]> {
    // All that goes is a placeholder that no tag names any more.
    const guard = async () => this.#parts.fence.assertLeader()
    const site = await executionSite(this.#parts, registry, { guard, stillDoomed: () => false }, signal)
    const left: RepositoryProblem[] = []
    for (const { repository, run } of unsettled) {
      try {
        const call = { signal, lane: 'bulk', beforeSend: site.fence } as const
        const journal = await journalOf(site.shelf, repository, run, call)
        await settle({ ...site, repository, journal, ended: () => undefined })
      } catch (thrown) {
        signal.throwIfAborted()
        const error = asTallymanError(thrown)
        if (error.code === 'LEADERSHIP_LOST' || error.code === 'INTERNAL') throw thrown
        left.push({ repository, error })
      }
    }
    return left
  }

  #guard(load: PurgeLoad, late: LateUse): DeletionGuard {
    const { claims, live, inventories, fence, clock, log } = this.#parts
    const { registry, names, restored, endsAt } = load
    const pinned = new Set(restored.map(({ repository, tag }) => `${repository}:${tag}`))
    return new DeletionGuard({
      ...{ fence, clock, endsAt },
      assertClaimed: () => claims.assertHeld(registry),
      assertWanted: () => this.#assertWanted(load.policy, registry),
      usage: new FreshUsage({
        inventories: () => live.all(),
        wanted: () => inventories.list().map(keyOf),
        claims: () => claims.claimsOf(registry),
        ...{ names, clock },
      }),
      lateUse: late,
      isRestored: (repository, tag) => pinned.has(`${repository}:${tag}`),
      onSpared: (candidate, { code }) =>
        log.info({ policy: keyOf(load.policy), candidate, why: code }, 'spared'),
    })
  }

  /** Names, addresses and how it is deleted from are as they were when the run began. */
  #registryChange({ metadata }: RegistryObject): string | undefined {
    const now = this.#parts.registries.get(keyOf({ metadata }))?.metadata
    const isSame = now?.uid === metadata.uid && now?.generation === metadata.generation
    return isSame ? undefined : `Registry ${metadata.name} was changed`
  }

  /** @throws EVICTION_SUSPENDED */
  #assertWanted(policy: RegistryPolicyObject, registry: RegistryObject): void {
    const key = keyOf(policy)
    const now = this.#parts.policies.get(key)
    const why =
      now === undefined ||
      now.metadata.uid !== policy.metadata.uid ||
      now.metadata.deletionTimestamp !== undefined
        ? 'the RegistryPolicy is gone'
        : isSuspended(now)
          ? 'spec.suspend is true'
          : (this.#parts.heldBecause(key) ?? this.#registryChange(registry))
    if (why !== undefined) throw new TallymanError('EVICTION_SUSPENDED', `RegistryPolicy ${key}: ${why}`)
  }
}

/** Whether something that was evicted is needed by now, by its digest or what it was known by: then its copy stays. */
function evictedUse(went: readonly Evicted[]): LateUse {
  const known = Map.groupBy(went, ({ repository, digest }) => `${repository}@${digest}`)
  return ({ repository, digest }, usage) => {
    const things = known.get(`${repository}@${digest}`) ?? []
    const uses = [
      ...usage.usesOf({ repository, digest }),
      ...things.flatMap(({ tag }) => (tag === undefined ? [] : usage.usesOf({ repository, tag }))),
      ...things.flatMap(({ config }) => (config === undefined ? [] : usage.usesOfConfig(config))),
    ]
    return useReason(uses)
  }
}

function isSuspended({ spec }: RegistryPolicyObject): boolean {
  return typeof spec === 'object' && spec !== null && Reflect.get(spec, 'suspend') === true
}
