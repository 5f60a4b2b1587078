import type { NotPresent } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { CompanionTags } from '#scan/companion-tags.ts'
import { sightOf } from '#scan/look.ts'
import { ReferrersApi } from '#scan/referrers-api.ts'
import type { Clock } from '#time/clock.ts'

/** What refers to a manifest, by name. */
export interface ReferrerNames {
  /** As the referrers API has them. */
  readonly digests: readonly string[]
  /** Tags whose name says to what they belong. */
  readonly tags: readonly string[]
}

export interface ReferrerList {
  readonly names: ReferrerNames
  /** Why these are not all; empty: they are. */
  readonly unlisted: readonly NotPresent[]
}

/**
 * Lists what refers to a manifest: one request to the referrers API for each subject, and one listing of tags for each repository. Lives as
 * long as a run.
 */
export class ReferrerLists {
  readonly #api: ReferrersApi
  readonly #tags: CompanionTags

  constructor(client: RegistryClient, clock: Clock) {
    this.#api = new ReferrersApi(client, clock)
    this.#tags = new CompanionTags(client, clock)
  }

  async list(repository: string, digest: string, signal: AbortSignal): Promise<ReferrerList> {
    const [byApi, tags] = await Promise.all([
      this.#api.of(repository, digest, signal),
      this.#tags.of(repository, digest, signal),
    ])
    const names = {
      digests: 'value' in byApi ? byApi.value : [],
      tags: 'value' in tags ? tags.value : [],
    }
    const unlisted = [byApi, tags].flatMap((look) => ('error' in look ? [sightOf(look.error)] : []))
    return { names, unlisted }
  }
}
