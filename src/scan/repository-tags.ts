import type { NotPresent } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { type LookOptions, lookTwice, sightOf } from '#scan/look.ts'
import type { Selection } from '#scan/selection.ts'

/**
 * The selected repositories of a registry, in its order.
 * @throws TallymanError where it does not list them, or breaks off while it does: half a list is none
 */
export async function* selectedRepositories(
  client: RegistryClient,
  selection: Selection,
  { signal }: LookOptions,
): AsyncGenerator<string, void, void> {
  for await (const page of client.repositories({ signal, lane: 'check' })) {
    yield* page.filter((repository) => selection.repository(repository))
  }
}

/** What a repository holds: whether it has any tags, and those of them that are selected. */
export interface RepositoryTags {
  readonly isEmpty: boolean
  readonly tags: readonly string[]
}

/**
 * The tags of a repository, or why they could not be listed. One that is unknown when it is asked has none: distribution goes on listing
 * what was emptied.
 */
export async function selectedTags(
  client: RegistryClient,
  repository: string,
  selection: Selection,
  options: LookOptions,
): Promise<RepositoryTags | NotPresent> {
  const { signal } = options
  const look = await lookTwice(async () => {
    const tags: string[] = []
    let isEmpty = true
    for await (const page of client.tags(repository, { signal, lane: 'check', whole: true })) {
      if (page.length > 0) isEmpty = false
      for (const tag of page) if (selection.tag(tag)) tags.push(tag)
    }
    return { isEmpty, tags }
  }, options)
  if ('value' in look) return look.value
  const sight = sightOf(look.error)
  return sight.state === 'absent' ? { isEmpty: true, tags: [] } : sight
}
