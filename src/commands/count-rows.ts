import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { FindingCode } from '#catalogue/finding-codes.ts'
import { inOrder } from '#commands/in-order.ts'
import type { Selected } from '#commands/selection-options.ts'
import { listingProblem } from '#commands/tag-rows.ts'
import type { RegistryClient } from '#registry/client.ts'

/** How many tags a repository has. */
export interface CountRow {
  readonly repository: string
  /** undefined: they could not be counted. */
  readonly tags: number | undefined
  readonly problem?: FindingCode
  /** Of the problem, where the registry gave one. */
  readonly error?: TallymanError
}

export interface CountOptions {
  readonly selected: Selected
  readonly concurrency: number
  readonly signal: AbortSignal
}

/** Counts the tags of repositories, in their order. @throws TallymanError as `tagRows` does */
export function countRows(
  client: RegistryClient,
  repositories: AsyncIterable<string>,
  options: CountOptions,
): AsyncGenerator<CountRow, void, void> {
  return inOrder(repositories, options.concurrency, (repository) => countTags(client, repository, options))
}

async function countTags(
  client: RegistryClient,
  repository: string,
  { selected, signal }: CountOptions,
): Promise<CountRow> {
  let tags = 0
  let isEmpty = true
  try {
    for await (const batch of client.tags(repository, { signal, whole: true })) {
      isEmpty = false
      for (const tag of batch) if (selected.tag(tag)) tags += 1
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asTallymanError(thrown)
    const problem = selected.named === undefined ? listingProblem(error) : undefined
    if (problem === undefined) throw error
    return { repository, tags: problem === 'RepositoryEmpty' ? 0 : undefined, problem, error }
  }
  return isEmpty ? { repository, tags, problem: 'RepositoryEmpty' } : { repository, tags }
}
