import { watchedSince } from '#controllers/policy-inventories.ts'
import type { OpenRegistry } from '#controllers/registry-access.ts'
import type { RegistrySpec } from '#crds/registry.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { type Block, blocks } from '#retention/blocks.ts'
import { comeAgain, type TakenAway } from '#retention/come-again.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import { doubtEmpty } from '#retention/emptied-repositories.ts'
import type { ManifestFacts, RegistryFacts } from '#retention/facts.ts'
import { type Judgement, judgeInSteps } from '#retention/judge.ts'
import { claimedLedgers, heldAgainstKnown, type KnownLedgers } from '#retention/known-ledgers.ts'
import { type LostOutside, lostOutside } from '#retention/lost-outside.ts'
import { type Plan, planInSteps } from '#retention/plan.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'
import {
  type RegistryIdentity,
  type RegistryMemory,
  recall,
  withoutFirstSeen,
} from '#retention/registry-memory.ts'
import type { RestoredTag } from '#retention/retention-input.ts'
import { rulesHash } from '#retention/rules-hash.ts'
import { type Soak, soakInSteps } from '#retention/soak.ts'
import { doubtReturned } from '#retention/unknown-returns.ts'
import { type UntaggedInUse, untaggedInUse } from '#retention/untagged-in-use.ts'
import { readRegistry } from '#scan/registry-reader.ts'
import { usedImages } from '#scan/used-images.ts'
import { calmly } from '#time/calmly.ts'
import type { Clock } from '#time/clock.ts'

/** What is known of use for so long need not be asked for again. */
const FRESH_MS = 5_000
/** How old what is known of use may be for a plan, ms; what is deleted by it asks for seconds (S03). */
const MAX_INVENTORY_AGE_MS = 60_000

/** Everything that a plan of a policy is made from. */
export interface PlanningInput {
  readonly spec: RegistryPolicySpec
  readonly rules: readonly CompiledRule[]
  /** UID of the policy. */
  readonly policy: string
  readonly registry: RegistryIdentity
  readonly limits: RegistrySpec['limits']
  readonly names: RegistryNames
  readonly opened: OpenRegistry
  /** Asks for all of the operator, as they are now (policy-inventories.ts). */
  readonly inventories: () => Promise<readonly PlannedInventory[]>
  /** Of other installations. */
  readonly claims: readonly UsageClaim[]
  readonly workspaces: readonly string[]
  /** The tags that stay because they were brought back, or are to be (S12). */
  readonly restored: (facts: RegistryFacts) => Promise<readonly RestoredTag[]>
  /** By repository, why it is not known what was brought back of it; undefined: of all it is known. */
  readonly unknownReturns: ReadonlyMap<string, string> | undefined
  /** Of earlier plans; undefined: there is none. */
  readonly memory: RegistryMemory | undefined
  readonly manifests: ReadonlyMap<string, ManifestFacts>
  readonly soak: Soak | undefined
  /** By which ledgers the plans before were made. */
  readonly ledgers: KnownLedgers
  /** When the last run of an approved plan began, ms since the epoch; undefined: there was none. */
  readonly acceptedAt: number | undefined
  /** What was to go by the plan before, and what the policy has removed; undefined: that is not known. */
  readonly went: Parameters<typeof lostOutside>[2] | undefined
  /** What the policy has removed as far as it is known. */
  readonly taken: Iterable<TakenAway>
  /** Of this program: another one may decide otherwise (S10). */
  readonly version: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A plan with all that is known of it. */
export interface Planning {
  readonly facts: RegistryFacts
  readonly judgement: Judgement
  readonly plan: Plan
  readonly blocks: readonly Block[]
  readonly soak: Soak
  readonly memory: RegistryMemory
  readonly ledgers: KnownLedgers
  readonly lost: LostOutside
  readonly restored: readonly RestoredTag[]
  readonly untaggedInUse: readonly UntaggedInUse[]
}

/**
 * Reads a registry and decides about every tag of it. It only reads.
 * @throws REGISTRY_*; BARRIER_NOT_REACHED, KUBE_* where it is not known what is in use; CANCELLED
 */
export async function planPolicy(input: PlanningInput): Promise<Planning> {
  const { spec, rules, names, opened, claims, clock, signal, memory } = input
  const askedAt = clock.monotonic()
  const before = await input.inventories()
  const used = usedImages({ snapshots: before.map(({ snapshot }) => snapshot), claims }, names)
  const read = await readRegistry({
    ...{ client: opened.client, signal, clock, concurrency: input.limits.concurrency },
    ...{ workspaces: input.workspaces, known: input.manifests, used },
  })
  const went = input.went === undefined ? undefined : [...input.went]
  const { emptySince, facts: doubted } = doubtEmpty(read, {
    ...{ before: memory, went },
    useOf: (repository) => used.useOf(repository),
  })
  const again = await calmly(comeAgain(doubted, input.taken))
  const recalled = await calmly(recall(memory, doubted, input.registry, again))
  const lost =
    memory === undefined || went === undefined
      ? { count: 0, first: [] }
      : await calmly(lostOutside(memory, recalled.facts, went))
  const facts = doubtReturned(await calmly(withoutFirstSeen(recalled)), input.unknownReturns)
  // To read a large registry takes its time: what counts is who uses it now.
  const isFresh = clock.monotonic() - askedAt <= FRESH_MS
  const inventories = isFresh ? before : await input.inventories()
  const snapshots = inventories.map(({ snapshot }) => snapshot)
  const now = clock.now()
  const restored = await input.restored(facts)
  const judgement = await calmly(
    judgeInSteps({
      ...{ facts, names, rules, now, workspaces: input.workspaces, restored },
      usage: inUseIndex({ snapshots, claims }, names),
      unusedSince: watchedSince(inventories, now),
    }),
  )
  const hash = rulesHash(spec.rules)
  const plan = await calmly(
    planInSteps(judgement, {
      ...{ registry: input.registry.uid, url: input.registry.url },
      ...{ policy: input.policy, rules: hash },
    }),
  )
  const { minImagesInUse, ...limits } = spec.limits
  const { acceptedAt } = input
  const ledgers = heldAgainstKnown(input.ledgers, [...inventories, ...claimedLedgers(claims)], {
    ...{ at: facts.readAt, acceptedAt },
  })
  const against = await calmly(
    blocks({
      ...{ inventories, rules, names, facts, plan, limits, claims, now, replaced: ledgers.replaced },
      leastInUse: minImagesInUse,
      firstScanAt: recalled.memory.firstAt,
      registrySkewMs: opened.skewMs,
      maxInventoryAgeMs: MAX_INVENTORY_AGE_MS,
    }),
  )
  const mark = JSON.stringify([
    hash,
    input.registry,
    inventories.map(({ name, mark: spec }) => [name, spec]).sort(),
    input.version,
  ])
  return {
    ...{ facts, judgement, plan, blocks: against, lost, restored },
    memory: { ...recalled.memory, emptySince },
    ledgers: ledgers.known,
    soak: await calmly(soakInSteps(input.soak, plan, mark, facts.readAt, again)),
    untaggedInUse: await calmly(untaggedInUse(judgement)),
  }
}
