import type { RegistryClient } from '#registry/client.ts'
import { type LookOptions, lookTwice } from '#scan/look.ts'

/**
 * Which of the tags in use the registry lists, each repository once per run and only when a tag did not resolve. The other
 * tags are not kept: a registry may list as many as it likes.
 */
export class TagListings {
  readonly #client: RegistryClient
  readonly #wanted: ReadonlyMap<string, ReadonlySet<string>>
  readonly #options: LookOptions
  readonly #listings = new Map<string, Promise<ReadonlySet<string> | undefined>>()

  /** @param wanted the tags that may be asked for, by repository */
  constructor(
    client: RegistryClient,
    wanted: ReadonlyMap<string, ReadonlySet<string>>,
    options: LookOptions,
  ) {
    this.#client = client
    this.#wanted = wanted
    this.#options = options
  }

  /** Whether the registry lists the tag; undefined when it does not list the repository at all. */
  async has(repository: string, tag: string): Promise<boolean | undefined> {
    let listing = this.#listings.get(repository)
    if (listing === undefined) {
      listing = this.#list(repository)
      this.#listings.set(repository, listing)
    }
    return (await listing)?.has(tag)
  }

  async #list(repository: string): Promise<ReadonlySet<string> | undefined> {
    const { signal } = this.#options
    const wanted = this.#wanted.get(repository)
    const look = await lookTwice(async () => {
      const tags = new Set<string>()
      for await (const page of this.#client.tags(repository, { signal, lane: 'check', whole: true })) {
        for (const tag of page) if (wanted?.has(tag)) tags.add(tag)
      }
      return tags
    }, this.#options)
    return 'error' in look ? undefined : look.value
  }
}
