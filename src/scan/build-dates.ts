import type { RegistryClient } from '#registry/client.ts'
import { type LookOptions, lookTwice } from '#scan/look.ts'
import type { ManifestFacts } from '#scan/manifest-facts.ts'
import type { ManifestLooks } from '#scan/manifest-looks.ts'
import { isKnownDate } from '#time/known-date.ts'

/** A date that an image claims, ms since the epoch; undefined where it is none, or one that no image can have. */
export function knownDate(text: string | undefined, now: number): number | undefined {
  const at = Date.parse(text ?? '')
  return isKnownDate(at, now) ? at : undefined
}

/** When images were built, by their annotation or config; of an index, its newest child. */
export class BuildDates {
  readonly #client: RegistryClient
  readonly #manifests: ManifestLooks
  readonly #options: LookOptions

  constructor(client: RegistryClient, manifests: ManifestLooks, options: LookOptions) {
    this.#client = client
    this.#manifests = manifests
    this.#options = options
  }

  /** ms since the epoch; undefined: the image does not say, or it could not be read. */
  async of(repository: string, facts: ManifestFacts): Promise<number | undefined> {
    const now = this.#options.clock.now()
    const annotated = knownDate(facts.created, now)
    if (annotated !== undefined) return annotated
    if (facts.config !== undefined) return knownDate(await this.#created(repository, facts.config), now)
    const runnable = facts.children.filter(({ platform }) => platform?.os !== 'unknown')
    const dates = await Promise.all(runnable.map(({ digest }) => this.#ofChild(repository, digest, now)))
    // One that does not say may be the newest.
    return dates.every((date) => date !== undefined) && dates.length > 0 ? Math.max(...dates) : undefined
  }

  async #ofChild(repository: string, digest: string, now: number): Promise<number | undefined> {
    const look = await this.#manifests.facts({ repository, reference: digest, depth: 1, trusts: true })
    if ('error' in look) return undefined
    const { created, config } = look.value
    return knownDate(created, now) ?? knownDate(config && (await this.#created(repository, config)), now)
  }

  async #created(repository: string, config: { digest: string; size: number }): Promise<string | undefined> {
    const { signal } = this.#options
    const look = await lookTwice(
      () => this.#client.getConfig(repository, config, { signal, lane: 'check' }),
      this.#options,
    )
    return 'value' in look ? look.value.created : undefined
  }
}
