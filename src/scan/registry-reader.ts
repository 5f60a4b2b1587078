import type { NotPresent } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { ManifestFacts, RegistryFacts, RepositoryFacts } from '#retention/facts.ts'
import type { LookOptions } from '#scan/look.ts'
import { ManifestReader } from '#scan/manifest-reader.ts'
import { ReferrersApi } from '#scan/referrers-api.ts'
import { RepositoryReader, type RepositoryReaderParts } from '#scan/repository-reader.ts'
import { selectedRepositories, selectedTags } from '#scan/repository-tags.ts'
import { compileSelection } from '#scan/selection.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import type { UsedImages } from '#scan/used-images.ts'

export interface RegistryReadingInput extends LookOptions {
  readonly client: RegistryClient
  /** Of requests; the limits of the client hold besides. */
  readonly concurrency: number
  /** The repositories to read; undefined: all that the registry lists. */
  readonly repositories?: readonly string[] | undefined
  /** What repositories of workspaces begin with: they are not read (S08). */
  readonly workspaces: readonly string[]
  /** The registry is asked for them even where no tag names them (S14), and for tags that its lists lack (S36). */
  readonly used: Pick<UsedImages, 'digests' | 'tags'>
  /** What earlier scans have read of manifests, by digest: none of them is read again. That they are there is asked all the same. */
  readonly known?: ReadonlyMap<string, ManifestFacts> | undefined
  readonly progress?: ReadingProgress | undefined
}

/** Told how far it is. */
export interface ReadingProgress {
  repository(): void
  tag(): void
}

/**
 * Reads everything that a RegistryPolicy decides about. It only reads; what could not be read makes its repository incomplete, and is
 * no error.
 * @throws REGISTRY_UNSUPPORTED and others where the registry does not list its repositories, or breaks off: half a list is none; CANCELLED
 */
export async function readRegistry(input: RegistryReadingInput): Promise<RegistryFacts> {
  const { client, concurrency, clock, progress } = input
  const readAt = clock.now()
  const stop = new AbortController()
  const signal = AbortSignal.any([input.signal, stop.signal])
  const manifests = new ManifestReader(client, { clock, signal, known: input.known })
  const referrers = new Map<string, readonly string[]>()
  const parts: RepositoryReaderParts = {
    ...{ manifests, referrers, concurrency, signal },
    referrersApi: new ReferrersApi(client, clock),
    onTag: () => progress?.tag(),
  }
  const selection = compileSelection(undefined, input.workspaces)
  const names = input.repositories ?? selectedRepositories(client, selection, { clock, signal })
  const read = async (name: string): Promise<RepositoryFacts> => {
    const listed = await selectedTags(client, name, selection, { clock, signal })
    progress?.repository()
    if ('state' in listed) return unlisted(name, listed)
    return await new RepositoryReader(name, parts).read(listed.tags, {
      digests: input.used.digests(name),
      tags: input.used.tags(name),
    })
  }
  const repositories = await sideBySide(names, concurrency, read, stop)
  const isPart = input.repositories !== undefined
  return {
    readAt,
    incomplete: isPart ? 'only the repositories that were named have been read' : undefined,
    repositories: distinct(repositories),
    manifests: manifests.manifests,
    referrers,
  }
}

function unlisted(name: string, { code, message }: NotPresent): RepositoryFacts {
  return { name, incomplete: `its tags could not be listed: ${code}: ${message}`, tags: [], untagged: [] }
}

/** Sorted. A catalogue that changes while it is read may name one twice. */
function distinct(repositories: readonly RepositoryFacts[]): RepositoryFacts[] {
  const byName = new Map(repositories.map((repository) => [repository.name, repository]))
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
