import type { MissingContext } from '#commands/open-context.ts'
import { duplicateNotes, readNote } from '#commands/survey-notes.ts'
import { type WatchedContexts, type WatchOptions, watchContexts } from '#commands/watch-contexts.ts'
import type { NamedUses } from '#inventory/cluster-uses.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'

/** What clusters use, read once. */
export interface Survey {
  readonly snapshot: InventorySnapshot
  /** Each cluster once, under the name of its context. */
  readonly clusters: readonly NamedUses[]
  /** Other contexts of those clusters. */
  readonly duplicates: readonly { readonly name: string; readonly sameAs: string }[]
  readonly missing: readonly MissingContext[]
}

/**
 * Reads what the clusters of some contexts use, and tells on stderr how that goes. What it returns is complete but for what is missing.
 * @returns undefined: something is missing and may not be, or everything is; why has been told
 * @throws KUBE_CONFIG_INVALID, CANCELLED
 */
export async function survey(options: WatchOptions, signal: AbortSignal): Promise<Survey | undefined> {
  const watched = await watchContexts(options, signal)
  // What is held then does not change any more: images and their users are of one moment.
  await watched?.stop()
  return watched === undefined ? undefined : told(watched, options)
}

/** What is held now; tells what was read. */
export function told(
  { live, open, missing }: WatchedContexts,
  { terminal, quiet }: Pick<WatchOptions, 'terminal' | 'quiet'>,
): Survey {
  const { clusters: watched } = live.inventory
  const clusters = watched.filter(({ sameAs }) => sameAs === undefined)
  const duplicates = watched.flatMap(({ name, sameAs }) => (sameAs === undefined ? [] : [{ name, sameAs }]))
  const unidentified = open.filter(({ isIdentified }) => !isIdentified).map(({ name }) => name)
  const notes = duplicateNotes(duplicates, clusters.length > 1 ? unidentified : [])
  if (!quiet) notes.push(...clusters.map(readNote))
  for (const note of notes) terminal.note(note)
  return { snapshot: live.snapshot(), clusters, duplicates, missing }
}
