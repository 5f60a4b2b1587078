import type { TallymanError } from '#catalogue/error.ts'
import type { NotPresent } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { CompanionTags } from '#scan/companion-tags.ts'
import { type Look, lookTwice, sightOf } from '#scan/look.ts'
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

/** 404 that speaks of the subject, and so not of the API. */
const OF_SUBJECT: ReadonlySet<unknown> = new Set(['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'])

/**
 * Lists what refers to a manifest: one request to the referrers API for each subject, and one listing of tags for each repository. Whether the
 * registry has the API is found out by the first request. Lives as long as a run.
 */
export class ReferrerLists {
  readonly #client: RegistryClient
  readonly #clock: Clock
  readonly #tags: CompanionTags
  /** What the API answered first: whether there is one. */
  #first: Promise<Look<readonly string[]>> | undefined

  constructor(client: RegistryClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
    this.#tags = new CompanionTags(client, clock)
  }

  async list(repository: string, digest: string, signal: AbortSignal): Promise<ReferrerList> {
    const [byApi, tags] = await Promise.all([
      this.#byApi(repository, digest, signal),
      this.#tags.of(repository, digest, signal),
    ])
    const names = {
      digests: 'value' in byApi ? byApi.value : [],
      tags: 'value' in tags ? tags.value : [],
    }
    const unlisted = [byApi, tags].flatMap((look) => ('error' in look ? [sightOf(look.error)] : []))
    return { names, unlisted }
  }

  async #byApi(repository: string, digest: string, signal: AbortSignal): Promise<Look<readonly string[]>> {
    const isFirst = this.#first === undefined
    this.#first ??= this.#ask(repository, digest, signal)
    const first = await this.#first
    if (isFirst) return withoutAbsence(first)
    if ('error' in first && saysNoApi(first.error)) return { value: [] }
    return withoutAbsence(await this.#ask(repository, digest, signal))
  }

  #ask(repository: string, digest: string, signal: AbortSignal): Promise<Look<readonly string[]>> {
    return lookTwice(() => this.#client.referrers(repository, digest, { signal, lane: 'check' }), {
      clock: this.#clock,
      signal,
    })
  }
}

function saysNoApi({ code, kind, details }: TallymanError): boolean {
  return code === 'REGISTRY_UNSUPPORTED' || (kind === 'absent' && !OF_SUBJECT.has(details.registryCode))
}

/** That nothing is listed is no fault of anything. */
function withoutAbsence(look: Look<readonly string[]>): Look<readonly string[]> {
  return 'error' in look && (look.error.kind === 'absent' || saysNoApi(look.error)) ? { value: [] } : look
}
