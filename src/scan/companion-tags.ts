import { TallymanError } from '#catalogue/error.ts'
import type { RegistryClient } from '#registry/client.ts'
import { type Look, lookTwice } from '#scan/look.ts'
import type { Clock } from '#time/clock.ts'

/** The distribution specification's tag for a registry without referrers API, and cosign's tags. */
const COMPANION = /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.(?:sig|att|sbom))?$/
/** Of all repositories: they are held for a run. */
const MAX_COMPANIONS = 500_000

/** The tag that lists what refers to a digest where the registry does not: at most 64 characters of the digest (distribution spec 1.1). */
export function referrersTag(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':')
  return `${algorithm}-${hex.slice(0, 64)}`
}

function candidates(digest: string): readonly string[] {
  const cosign = digest.replace(':', '-')
  return [referrersTag(digest), `${cosign}.sig`, `${cosign}.att`, `${cosign}.sbom`]
}

/**
 * Tags that belong to a digest by their name. A repository is listed once in a run, and only when somebody asks: for all of its images that is
 * less than to try four names for each of them.
 */
export class CompanionTags {
  readonly #client: RegistryClient
  readonly #clock: Clock
  readonly #listings = new Map<string, Promise<Look<ReadonlySet<string>>>>()
  #held = 0

  constructor(client: RegistryClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** The tags that the repository has of the digest; none where it has no tags at all. */
  async of(repository: string, digest: string, signal: AbortSignal): Promise<Look<readonly string[]>> {
    let listing = this.#listings.get(repository)
    if (listing === undefined) {
      listing = this.#list(repository, signal)
      this.#listings.set(repository, listing)
    }
    const look = await listing
    return 'error' in look ? look : { value: candidates(digest).filter((tag) => look.value.has(tag)) }
  }

  async #list(repository: string, signal: AbortSignal): Promise<Look<ReadonlySet<string>>> {
    const look = await lookTwice(
      async () => {
        const tags = new Set<string>()
        for await (const page of this.#client.tags(repository, { signal, lane: 'check', whole: true })) {
          for (const tag of page) if (COMPANION.test(tag)) tags.add(tag)
          if (this.#held + tags.size > MAX_COMPANIONS) throw tooMany(repository)
        }
        return tags
      },
      { clock: this.#clock, signal },
    )
    if ('value' in look) this.#held += look.value.size
    return 'error' in look && look.error.kind === 'absent' ? { value: new Set() } : look
  }
}

function tooMany(repository: string): TallymanError {
  const message = `with ${repository} there are more than ${MAX_COMPANIONS} tags of signatures and other referrers`
  return new TallymanError('REGISTRY_PAGINATION', message)
}
