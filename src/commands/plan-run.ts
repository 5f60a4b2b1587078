import { counted } from '#catalogue/counted.ts'
import type { KnownUse } from '#commands/cluster-use.ts'
import { withoutCounts, withoutOwn } from '#commands/own-repositories.ts'
import type { AskedPlan } from '#commands/plan-options.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { LARGEST_UNRESOLVED_SHARE, resolution } from '#inventory/unresolved.ts'
import type { PlanDocument } from '#report/plan-document.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import { judge } from '#retention/judge.ts'
import { summarize } from '#retention/plan-summary.ts'
import { resolves } from '#retention/resolves.ts'
import { shadowedRules } from '#retention/shadowed-rules.ts'
import { unmatchedRules } from '#retention/unmatched-rules.ts'
import { type ReadingProgress, readRegistry } from '#scan/registry-reader.ts'
import { usedImages } from '#scan/used-images.ts'
import { systemClock } from '#time/clock.ts'

/** A plan, and what speaks against trusting it. */
export interface CommandPlan {
  readonly document: PlanDocument
  /** For people: why some of it may be wrong. */
  readonly doubts: readonly string[]
  /** Repositories that belong to Tallyman, sorted: as in the plan of a policy, nothing is said of them. */
  readonly leftOut: readonly string[]
  /** Names of rules of which earlier ones have everything. */
  readonly shadowedRules: readonly string[]
}

/**
 * Reads a registry and decides about every tag of it, as a RegistryPolicy that remembers nothing. It only reads.
 * @throws REGISTRY_*; CANCELLED
 */
export async function planRegistry(
  { place, options }: AskedPlan,
  rules: readonly CompiledRule[],
  { snapshot, missing }: KnownUse,
  { client, url, signal }: RegistrySession,
  progress: ReadingProgress,
): Promise<CommandPlan> {
  const names = { host: place.host, aliases: options.alias }
  const facts = await readRegistry({
    ...{ client, signal, progress, clock: systemClock, concurrency: options.concurrency },
    workspaces: [CLAIMS_REPOSITORY],
    repositories: place.repository === undefined ? undefined : [place.repository],
    used: usedImages({ snapshots: [snapshot] }, names),
  })
  const judgement = judge({
    ...{ facts, names, rules, workspaces: [], restored: [], unusedSince: undefined },
    usage: inUseIndex({ snapshots: [snapshot] }, names),
    now: systemClock.now(),
  })
  const { repositories, own } =
    place.repository === undefined
      ? withoutOwn(judgement.repositories, facts)
      : { repositories: judgement.repositories, own: [] }
  const leftOut = new Set(own.map(({ name }) => name))
  const about = { ...facts, repositories: facts.repositories.filter(({ name }) => !leftOut.has(name)) }
  const doubts = [
    ...missing.map((context) => `${context} was left out: what it uses may be in the plan`),
    ...incompleteness(about),
    ...(place.repository === undefined ? strangeness(snapshot, names, facts) : emptiness(facts)),
  ]
  return {
    document: {
      registry: { name: place.host, url },
      readAt: new Date(facts.readAt).toISOString(),
      summary: withoutCounts(summarize(judgement), own),
      unmatchedRules: unmatchedRules(rules, about),
      repositories,
    },
    doubts,
    leftOut: [...leftOut],
    shadowedRules: shadowedRules(rules, about),
  }
}

/** Repositories that are named in full. */
const NAMED = 10

function incompleteness({ repositories }: RegistryFacts): string[] {
  const incomplete = repositories.filter((repository) => repository.incomplete !== undefined)
  const more = incomplete.length - NAMED
  return [
    ...incomplete
      .slice(0, NAMED)
      .map(({ name, incomplete: why }) => `${name} was not read in full, and all of it stays: ${why}`),
    ...(more > 0 ? [`${more} more ${more === 1 ? 'was' : 'were'} not read in full either`] : []),
  ]
}

/** One repository alone says nothing of where the images in use are. */
function emptiness({ repositories }: RegistryFacts): string[] {
  return repositories
    .filter(({ tags, incomplete }) => tags.length === 0 && incomplete === undefined)
    .map(({ name }) => `${name} has no tags, or there is no such repository`)
}

/** With a wrong name of the registry everything in it looks unused (S06, S22). */
function strangeness({ images }: InventorySnapshot, names: RegistryNames, facts: RegistryFacts): string[] {
  const { resolved, unresolved, unresolvedShare, examples } = resolution(images, names, resolves(facts))
  const all = resolved + unresolved
  const question = 'is another name of it missing (--alias)?'
  if (all === 0)
    return [`none of the ${counted(images.length, 'image')} in use belongs to the registry: ${question}`]
  if (unresolvedShare <= LARGEST_UNRESOLVED_SHARE) return []
  const are = unresolved === 1 ? 'is' : 'are'
  return [
    `${unresolved} of ${counted(all, 'image')} in use ${are} not in the registry, such as ${examples[0]}: ${question}`,
  ]
}
