import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import { DeletionGuard } from '#controllers/deletion-guard.ts'
import { FreshUsage, type FreshUsageParts } from '#controllers/fresh-usage.ts'
import { locatedEntries, RESTORED_FOR_MS, type RestoreEntry } from '#controllers/policy-restore.ts'
import { executionSite, journalRemover, type SiteParts } from '#controllers/policy-site.ts'
import { type PolicyOfRegistry, whyUnwanted } from '#controllers/policy-wanted.ts'
import type { RegistryClaims } from '#controllers/registry-claims.ts'
import type { IndexScope, RegistryIndexes } from '#controllers/registry-indexes.ts'
import {
  type ImageInventoryObject,
  type RegistryObject,
  type RegistryPolicyObject,
  specOf,
} from '#controllers/resources.ts'
import { RunNeeds, type RunNeedsParts } from '#controllers/run-needs.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { EvictionHistory } from '#evict/evicted.ts'
import type { Ended } from '#evict/eviction.ts'
import { type ExecutionEnd, type ExecutionSite, execute, type RepositoryProblem } from '#evict/execution.ts'
import type { ExecutionProgress } from '#evict/execution-progress.ts'
import { journalOf } from '#evict/journal-shelf.ts'
import { lastLook } from '#evict/last-look.ts'
import { type PurgeEnd, RunPurger } from '#evict/run-purger.ts'
import { keptSample } from '#evict/sample.ts'
import { settle } from '#evict/settle.ts'
import type { KnownUsage } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { registryNames } from '#inventory/registry-names.ts'
import type { Eviction } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import { type LateUse, lateUseInSteps } from '#retention/late-use.ts'
import type { EndedRun, OpenRun } from '#retention/policy-record.ts'
import type { RestoredTag } from '#retention/retention-input.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'
import type { HeldImages } from '#scan/used-indexes.ts'
import { calmly } from '#time/calmly.ts'
import { parseDuration } from '#time/duration.ts'

export interface PolicyCarrierParts extends SiteParts {
  readonly claims: Pick<RegistryClaims, 'assertHeld' | 'claimsOf' | 'hold'>
  readonly live: { all(): ReturnType<FreshUsageParts['inventories']> }
  readonly inventories: Pick<ObjectStore<ImageInventoryObject>, 'list'>
  readonly left: FreshUsageParts['left']
  readonly indexes: Pick<RegistryIndexes, 'holders'>
  readonly policies: Pick<ObjectStore<RegistryPolicyObject>, 'get'>
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
  /** Told of the first harm at once, and waited for. */
  readonly harmed: (error: TallymanError) => Promise<void>
  readonly signal: AbortSignal
}

/** What is needed to purge. */
type PurgeLoad = GuardLoad & Pick<Load, 'spec' | 'signal'>

/** What is needed to look at what was left. */
type SettleLoad = Pick<Load, 'policy' | 'registry' | 'signal' | 'harmed'>

/** What each request is asked by. */
type GuardLoad = Pick<Load, 'policy' | 'registry' | 'names' | 'restored' | 'endsAt'>

/** What keeps something from being settled that a run has begun. */
export interface UnsettledProblem extends RepositoryProblem {
  readonly run: string
}

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
    const guard = this.#guard(load, await calmly(lateUseInSteps(judgement, digests)), {
      repositories: evictions.map(({ repository }) => repository),
      known: judgement.parts.facts.manifests,
    })
    // What is in use is known before anything is decided by it.
    await guard.guard(signal)
    const site = await executionSite(this.#parts, registry, guard, signal)
    return await execute(site, {
      ...{ run: load.run, evictions, sample: keptSample(judgement), onEvict: spec.onEvict },
      gcWindowMs: parseDuration(spec.trash.gcWindow) ?? Number.POSITIVE_INFINITY,
      evictDamaged: spec.evictDamaged,
      placeholder: specOf(RegistrySpec, registry).deletion?.placeholder ?? 'Auto',
      ...{ progress: load.progress, ended: load.ended, gone: load.gone, harmed: load.harmed },
    })
  }

  /**
   * Purges the copies in the trash that runs made before `before`, ms since the epoch, and the journals of those of which nothing is needed any more; what is in use by
   * now stays (S04), and what spec.restore asks for and is not back, as the spec is by then.
   * @param known of what the policy has evicted
   * @throws as carry
   */
  async purge(
    load: PurgeLoad,
    runs: readonly EndedRun[],
    known: RunNeedsParts['known'],
    before: number,
  ): Promise<PurgeEnd> {
    const { claims } = this.#parts
    const { registry, signal } = load
    await claims.hold(registry, signal)
    const needs = new RunNeeds({ known, entries: this.#restoreEntries(load) })
    const guard = this.#guard(load, needs.lateUse, {
      repositories: runs.flatMap(({ repositories }) => repositories),
    })
    const site = await executionSite(this.#parts, registry, guard, signal)
    const key = keyOf(registry)
    const purger = this.#purgers.get(key) ?? new RunPurger()
    this.#purgers.set(key, purger)
    return await purger.purge(site, {
      ...{ runs, before, asked: new Set((load.spec.restore ?? []).flatMap(({ run }) => run ?? [])) },
      pinnedSince: this.#parts.clock.now() - RESTORED_FOR_MS,
      learn: needs.learn,
      remover: () => journalRemover(this.#parts, registry, signal),
    })
  }

  /**
   * Gives an end to what runs have begun and not recorded the end of: nothing more goes, and tags get back what they named, whatever forbids deleting. All that is deleted
   * is a placeholder that no tag names any more, with the same consent as all that is deleted (S01, S03, S21): without it that stays open.
   * @returns what is still open, and why
   * @throws what keeps it from beginning; LEADERSHIP_LOST, CANCELLED
   */
  async settle(
    { policy, registry, signal, harmed }: SettleLoad,
    unsettled: EvictionHistory['unsettled'],
  ): Promise<UnsettledProblem[]> {
    const site = await this.#siteForNothing({ policy, registry, signal })
    const left: UnsettledProblem[] = []
    for (const { repository, run } of unsettled) {
      try {
        const call = { signal, lane: 'bulk', beforeSend: site.fence } as const
        const journal = await journalOf(site.shelf, repository, run, call)
        await settle({ ...site, repository, journal, ended: () => undefined })
      } catch (thrown) {
        // Also where it is told to stop by then.
        await harmed(asTallymanError(thrown))
        left.push({ repository, run, error: toleratedProblem(thrown, signal) })
      }
    }
    return left
  }

  /**
   * Looks at what a run that is given up had seen whole (S44). Nothing goes, whatever forbids deleting.
   * @returns what was harmed, and what could not be looked at
   * @throws REGISTRY_* of a registry that is not reached; LEADERSHIP_LOST, CANCELLED
   */
  async lastLook(
    { policy, registry, signal, harmed }: SettleLoad,
    { id, repositories }: Pick<OpenRun, 'id' | 'repositories'>,
  ): Promise<readonly RepositoryProblem[]> {
    let opening: Promise<ExecutionSite> | undefined
    const open = () => (opening ??= this.#siteForNothing({ policy, registry, signal }))
    return await lastLook(open, { run: id, repositories, harmed, signal })
  }

  /** Where nothing goes but a placeholder that no tag names any more, with the same consent as everything else. */
  async #siteForNothing({
    policy,
    registry,
    signal,
  }: Pick<Load, 'policy' | 'registry' | 'signal'>): Promise<ExecutionSite> {
    const names = registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '')
    const load = { policy, registry, names, restored: [], endsAt: Number.POSITIVE_INFINITY }
    const { guard } = this.#guard(load, () => undefined, { repositories: [] })
    return await executionSite(this.#parts, registry, { guard, stillDoomed: () => false }, signal)
  }

  #guard(load: GuardLoad, late: LateUse, scope: Omit<IndexScope, 'registry' | 'names'>): DeletionGuard {
    const { claims, live, inventories, left, fence, clock, log } = this.#parts
    const { registry, names, restored, endsAt } = load
    const pinned = new Set(restored.map(({ repository, tag }) => `${repository}:${tag}`))
    return new DeletionGuard({
      ...{ fence, clock, endsAt },
      assertClaimed: () => claims.assertHeld(registry),
      assertWanted: () => this.#assertWanted(load),
      usage: new FreshUsage({
        inventories: () => live.all(),
        wanted: () => inventories.list().map(keyOf),
        claims: () => claims.claimsOf(registry),
        holders: (usage, ended) => this.#holders({ ...scope, registry, names }, usage, ended),
        ...{ left, names, clock },
      }),
      lateUse: late,
      isRestored: (repository, tag) => pinned.has(`${repository}:${tag}`),
      onSpared: (candidate, { code }) =>
        log.info({ policy: keyOf(load.policy), registry: names.host, candidate, why: code }, 'spared'),
    })
  }

  /** @throws what keeps an index in use from being read: what it contains may be what goes */
  async #holders(
    scope: IndexScope,
    usage: KnownUsage,
    signal: AbortSignal,
  ): Promise<Omit<HeldImages, 'damaged'>> {
    const { damaged, ...held } = await this.#parts.indexes.holders(scope, usage, signal)
    if (damaged !== undefined) throw damaged
    return held
  }

  /** What spec.restore says whenever it is asked. @throws SPEC_INVALID */
  #restoreEntries({ policy, names }: GuardLoad): () => readonly RestoreEntry[] {
    let last: { readonly of: RegistryPolicyObject; readonly entries: readonly RestoreEntry[] } | undefined
    return () => {
      const now = this.#parts.policies.get(keyOf(policy)) ?? policy
      if (last?.of !== now) {
        const { restore = [] } = specOf(RegistryPolicySpec, now)
        last = { of: now, entries: locatedEntries(restore, names) }
      }
      return last.entries
    }
  }

  /** @throws EVICTION_SUSPENDED */
  #assertWanted({ policy, registry }: PolicyOfRegistry): void {
    const { policies, registries, heldBecause } = this.#parts
    const key = keyOf(policy)
    const why = whyUnwanted(
      { policy, registry },
      { policy: policies.get(key), registry: registries.get(keyOf(registry)), held: heldBecause(key) },
    )
    if (why !== undefined) throw new TallymanError('EVICTION_SUSPENDED', `RegistryPolicy ${key}: ${why}`)
  }
}
