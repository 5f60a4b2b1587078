import { hasCode } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import type { KnownJournals } from './known-journals.ts'

/** Where a journal is kept. */
export interface JournalPlace {
  /** Of the workspace, with the right to push there. */
  readonly client: RegistryClient
  /** See journalRepository. */
  readonly workspaceRepository: string
  /** The tag: one for each run. */
  readonly run: string
  /** The repository that it is about. */
  readonly repository: string
  /** What this process knows of journals; without it what was written before it was opened is not missed. */
  readonly known?: KnownJournals | undefined
}

/** The tags of a repository of journals; none where nobody has written there yet, or all of it is gone. */
export async function* journalTags(
  client: RegistryClient,
  workspaceRepository: string,
  call: CallOptions,
): AsyncGenerator<string, void, void> {
  try {
    for await (const page of client.tags(workspaceRepository, call)) yield* page
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
  }
}

export async function isListed(
  { client, workspaceRepository, run }: Pick<JournalPlace, 'client' | 'workspaceRepository' | 'run'>,
  call: CallOptions,
): Promise<boolean> {
  for await (const tag of journalTags(client, workspaceRepository, call)) if (tag === run) return true
  return false
}

/** By which it is known (KnownJournals). */
export function placeKey({
  workspaceRepository,
  run,
}: Pick<JournalPlace, 'workspaceRepository' | 'run'>): string {
  return `${workspaceRepository}:${run}`
}
