import type { RegistrySession } from '#commands/registry-session.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import type { Located, RegistryNames } from '#inventory/locate.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import { judge } from '#retention/judge.ts'
import type { Verdict } from '#retention/verdict.ts'
import { readRegistry } from '#scan/registry-reader.ts'
import { usedImages } from '#scan/used-images.ts'
import { systemClock } from '#time/clock.ts'

/** What rules say of an image. */
export interface RuledImage {
  readonly repository: string
  /** On each tag that is meant: the one that was asked about, or all of a digest. */
  readonly verdicts: readonly Verdict[]
  /** The registry has it, and no tag names it. */
  readonly isUntagged: boolean
}

export interface VerdictQuestion {
  readonly image: Located
  readonly names: RegistryNames
  /** What repositories of Tallyman begin with. */
  readonly workspaces: readonly string[]
  readonly snapshot: InventorySnapshot
  readonly concurrency: number
}

/** Reads the repository of an image, as `tallyman plan` does. It only reads. @throws REGISTRY_*, CANCELLED */
export async function readRepository(
  { image: { repository, digest }, names, snapshot, concurrency }: VerdictQuestion,
  { client, signal }: RegistrySession,
): Promise<RegistryFacts> {
  const inUse = usedImages({ snapshots: [snapshot] }, names)
  return await readRegistry({
    ...{ client, signal, concurrency, repositories: [repository], clock: systemClock, workspaces: [] },
    used: {
      tags: (name) => inUse.tags(name),
      digests: (name) => [...inUse.digests(name), ...(digest === undefined ? [] : [digest])],
    },
  })
}

/** Decides about all of the repository. */
export function ruledImage(
  { image: { repository, tag, digest }, names, workspaces, snapshot }: VerdictQuestion,
  facts: RegistryFacts,
  rules: readonly CompiledRule[],
): RuledImage {
  const { repositories } = judge({
    ...{ facts, names, rules, workspaces, restored: [], unusedSince: undefined },
    usage: inUseIndex({ snapshots: [snapshot] }, names),
    now: systemClock.now(),
  })
  const verdicts = repositories
    .flatMap((judged) => judged.verdicts)
    .filter(
      (each) => (tag === undefined || each.tag === tag) && (digest === undefined || each.digest === digest),
    )
  const untagged = facts.repositories.flatMap((each) => each.untagged)
  return { repository, verdicts, isUntagged: digest !== undefined && untagged.includes(digest) }
}
