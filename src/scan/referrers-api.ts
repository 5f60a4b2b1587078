import type { TallymanError } from '#catalogue/error.ts'
import type { RegistryClient } from '#registry/client.ts'
import { type Look, lookTwice } from '#scan/look.ts'
import type { Clock } from '#time/clock.ts'

/** 404 that speaks of the subject, and so not of the API. */
const OF_SUBJECT: ReadonlySet<unknown> = new Set(['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'])

/** What the referrers API of a registry lists. Whether there is one is found out by the first request. Lives as long as a run. */
export class ReferrersApi {
  readonly #client: RegistryClient
  readonly #clock: Clock
  /** What it answered first. */
  #first: Promise<Look<readonly string[]>> | undefined

  constructor(client: RegistryClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Digests of what has the digest as its subject; none where there is no API. */
  async of(repository: string, digest: string, signal: AbortSignal): Promise<Look<readonly string[]>> {
    const isFirst = this.#first === undefined
    this.#first ??= this.#ask(repository, digest, signal)
    const first = await this.#first
    if (isFirst) return withoutAbsence(first)
    if ('error' in first && saysNoApi(first.error)) return { value: [] }
    const look = await this.#ask(repository, digest, signal)
    // A registry that had the API a moment ago has it still: what it says now is no list.
    if ('value' in first && 'error' in look && saysNoApi(look.error)) return look
    return withoutAbsence(look)
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
