import { hasCode } from '#catalogue/error.ts'
import type { CallOptions, Manifest, RegistryClient } from '#registry/client.ts'
import { journalRepository, journalSubject } from './journal-artifact.ts'
import { manifestAt } from './journal-look.ts'
import { journalTags } from './journal-place.ts'
import type { KnownJournals } from './known-journals.ts'
import { WorkspaceJournal } from './workspace-journal.ts'

/** What the tag of a run ends with where what was brought back of it is recorded. No run is called so. */
export const RESTORATIONS = '.restored'

/** Where journals are kept: below the prefix of a workspace, in its registry. */
export interface JournalShelf {
  readonly client: RegistryClient
  readonly prefix: string
  readonly known?: KnownJournals | undefined
}

/** The journal of a run about a repository, empty where there is none; it may be `lost`. @throws JOURNAL_INVALID, REGISTRY_* */
export async function journalOf(
  { client, prefix, known }: JournalShelf,
  repository: string,
  run: string,
  call: CallOptions,
): Promise<WorkspaceJournal> {
  const workspaceRepository = journalRepository(prefix, repository)
  return await WorkspaceJournal.open({ client, workspaceRepository, run, repository, known }, call)
}

/** The runs that have a journal about a repository, newest first as far as their names tell. */
export async function journaledRuns(
  { client, prefix }: JournalShelf,
  repository: string,
  call: CallOptions,
): Promise<string[]> {
  const runs: string[] = []
  for await (const tag of journalTags(client, journalRepository(prefix, repository), call)) {
    if (!tag.endsWith(RESTORATIONS)) runs.push(tag)
  }
  return runs.sort((a, b) => compare(startOf(b), startOf(a)) || compare(a, b))
}

/** A run of which something was recorded as brought back. */
export interface RestoredRun {
  readonly run: string
  /** Whether its journal is listed. Where it is not, a DELETE of both was cut off: what lies beside it would say nothing any more. */
  readonly hasJournal: boolean
}

/** The runs of which something was recorded as brought back, as the tags say. */
export async function restoredRuns(
  { client, prefix }: JournalShelf,
  repository: string,
  call: CallOptions,
): Promise<RestoredRun[]> {
  const tags = new Set<string>()
  for await (const tag of journalTags(client, journalRepository(prefix, repository), call)) tags.add(tag)
  return [...tags]
    .filter((tag) => tag.endsWith(RESTORATIONS))
    .map((tag) => tag.slice(0, -RESTORATIONS.length))
    .map((run) => ({ run, hasJournal: tags.has(run) }))
}

/** The repositories that some run has a journal about, as the registry of the workspace lists them. @throws REGISTRY_UNSUPPORTED it lists none */
export async function* journaledRepositories(
  { client, prefix }: JournalShelf,
  call: CallOptions,
): AsyncGenerator<string, void, void> {
  for await (const page of client.repositories(call)) {
    for (const name of page) {
      if (!name.startsWith(`${prefix}/journals/`)) continue
      const subject = await subjectIn(client, name, name.slice(`${prefix}/journals/`.length), call)
      if (subject !== undefined) yield subject
    }
  }
}

/**
 * A long name of a repository is only in the manifests of its journals.
 * @param plain what it is where all of them are lost: else nobody would be told
 */
async function subjectIn(
  client: RegistryClient,
  name: string,
  plain: string,
  call: CallOptions,
): Promise<string | undefined> {
  let subject: string | undefined
  for await (const run of journalTags(client, name, call)) {
    const manifest = await anyManifest(client, name, run, call)
    if (manifest !== undefined) return journalSubject(manifest)
    subject = plain
  }
  return subject
}

/** A journal that is lost says nothing of that. */
async function anyManifest(
  client: RegistryClient,
  workspaceRepository: string,
  run: string,
  call: CallOptions,
): Promise<Manifest | undefined> {
  try {
    return await manifestAt({ client, workspaceRepository, run }, call)
  } catch (error) {
    if (hasCode(error, 'JOURNAL_LOST')) return undefined
    throw error
  }
}

/** When a run began, as its name ends: `-20261126T053000-1f2e`. */
function startOf(run: string): string {
  return /-(\d{8}t\d{6})-[0-9a-f]+$/i.exec(run)?.[1]?.toLowerCase() ?? ''
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
