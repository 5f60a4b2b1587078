import type { AskedImage } from '#commands/asked-image.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import { judge } from '#retention/judge.ts'
import type { Verdict } from '#retention/verdict.ts'
import { readRegistry } from '#scan/registry-reader.ts'
import { usedDigests } from '#scan/used-digests.ts'
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
  readonly reference: NonNullable<AskedImage['reference']>
  readonly names: RegistryNames
  readonly rules: readonly CompiledRule[]
  readonly snapshot: InventorySnapshot
  readonly concurrency: number
}

/** Reads the repository of an image and decides about all of it, as `tallyman plan` does. It only reads. @throws REGISTRY_*, CANCELLED */
export async function ruledImage(
  { reference, names, rules, snapshot, concurrency }: VerdictQuestion,
  { client, signal }: RegistrySession,
): Promise<RuledImage> {
  const { repository, tag, digest } = reference
  const inUse = usedDigests([snapshot], names)
  const facts = await readRegistry({
    ...{ client, signal, concurrency, repositories: [repository], clock: systemClock, workspaces: [] },
    usedDigests: (name) => (digest === undefined ? inUse(name) : [...inUse(name), digest]),
  })
  const { repositories } = judge({
    ...{ facts, names, rules, workspaces: [CLAIMS_REPOSITORY], restored: [], unusedSince: undefined },
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
