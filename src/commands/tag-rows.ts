import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { FindingCode } from '#catalogue/finding-codes.ts'
import { inOrder } from '#commands/in-order.ts'
import type { Selected } from '#commands/selection-options.ts'
import { sortedTags } from '#commands/sorted-tags.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'

/** A tag; or a repository that has none, or whose tags could not be listed (to the end). */
export interface TagRow {
  readonly repository: string
  readonly tag?: string
  readonly digest?: string
  readonly mediaType?: string
  readonly problem?: FindingCode
  /** Of the problem, where the registry gave one. */
  readonly error?: TallymanError
}

export interface TagRowsOptions {
  readonly selected: Selected
  /** Digest and media type of each tag: a request more for each. */
  readonly details: boolean
  /** Requests under way at once. */
  readonly concurrency: number
  readonly signal: AbortSignal
}

/**
 * The tags of repositories, in their order, each repository's sorted. What is wrong with one repository or one manifest is a row; what is wrong
 * with the registry ends it.
 * @throws TallymanError; where the repository is named outright also what is wrong with it
 */
export function tagRows(
  client: RegistryClient,
  repositories: AsyncIterable<string>,
  options: TagRowsOptions,
): AsyncGenerator<TagRow, void, void> {
  const rows = listed(client, repositories, options)
  if (!options.details) return rows
  return inOrder(rows, options.concurrency, (row) => withDetails(client, row, options))
}

interface Listing {
  readonly repository: string
  readonly tags: AsyncGenerator<readonly string[], void, void>
  /** Its first tags, asked for ahead of its turn. */
  readonly first: Promise<IteratorResult<readonly string[], void>>
}

async function* listed(
  client: RegistryClient,
  repositories: AsyncIterable<string>,
  { selected, concurrency, signal }: TagRowsOptions,
): AsyncGenerator<TagRow, void, void> {
  const open = async (repository: string): Promise<Listing> => {
    const tags = client.tags(repository, { signal })
    const first = tags.next()
    // How it failed is told in its turn.
    await first.catch(() => undefined)
    return { repository, tags, first }
  }
  for await (const { repository, tags, first } of inOrder(repositories, concurrency, open)) {
    let isEmpty = true
    try {
      for await (const batch of sortedTags(withFirst(first, tags))) {
        isEmpty = false
        for (const tag of batch) if (selected.tag(tag)) yield { repository, tag }
      }
    } catch (thrown) {
      signal.throwIfAborted()
      const error = asTallymanError(thrown)
      const problem = selected.named === undefined ? listingProblem(error) : undefined
      if (problem === undefined) throw error
      isEmpty = false
      yield { repository, problem, error }
    }
    if (isEmpty) yield { repository, problem: 'RepositoryEmpty' }
  }
}

async function* withFirst<T>(
  first: Promise<IteratorResult<T, void>>,
  rest: AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  const { done, value } = await first
  if (done === true || value === undefined) return
  yield value
  yield* rest
}

async function withDetails(client: RegistryClient, row: TagRow, { signal }: TagRowsOptions): Promise<TagRow> {
  const { repository, tag } = row
  if (tag === undefined) return row
  try {
    const { digest, mediaType } = await head(client, repository, tag, { signal })
    return { ...row, digest, mediaType }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asTallymanError(thrown)
    const problem = manifestProblem(error)
    if (problem === undefined) throw error
    return { ...row, problem, error }
  }
}

/** By HEAD; where that answers 5xx by GET, whose body tells a damaged manifest from a registry that is not well. */
async function head(client: RegistryClient, repository: string, tag: string, options: CallOptions) {
  try {
    return await client.headManifest(repository, tag, options)
  } catch (error) {
    if (asTallymanError(error).code !== 'REGISTRY_SERVER_ERROR') throw error
    return await client.getManifest(repository, tag, options)
  }
}

/** What is wrong with a repository whose tags cannot be listed; undefined: it is the registry that something is wrong with. */
export function listingProblem(error: TallymanError): FindingCode | undefined {
  switch (error.kind) {
    case 'absent':
      // distribution goes on listing what was emptied. A name that none can have was never asked for.
      return error.details.reason === 'invalid-name' ? 'NotExamined' : 'RepositoryEmpty'
    case 'denied':
      return 'PullDenied'
    case 'damaged':
    case 'unsupported':
      return 'NotExamined'
    default:
      return undefined
  }
}

function manifestProblem(error: TallymanError): FindingCode | undefined {
  switch (error.kind) {
    case 'absent':
      return 'ManifestMissing'
    case 'denied':
      return 'PullDenied'
    case 'damaged':
      return 'ManifestDamaged'
    case 'unsupported':
      return 'ManifestUnsupported'
    default:
      return undefined
  }
}
