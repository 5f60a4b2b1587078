import { TallymanError } from '#catalogue/error.ts'
import { Claims } from '#evict/claims.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import type { RegistryClient } from '#registry/client.ts'

/** A command claims nothing. */
const NOBODY = { installation: '', operator: '', process: '' }

/** What the operators say that they use of a registry, however long ago: it counts besides what the clusters use that are watched (S01). */
export class ClaimedUsage {
  readonly #client: RegistryClient
  readonly #claims = new Claims(NOBODY)

  constructor(client: RegistryClient) {
    this.#client = client
  }

  /** Reads only what has changed since. @throws CLAIM_FOREIGN one does not say it; REGISTRY_*, CANCELLED */
  async read(signal: AbortSignal): Promise<UsageClaim[]> {
    const found = await this.#claims.read(this.#client, { signal })
    return found.map(({ tag, content }) => {
      if ('unreadable' in content) throw unknown(tag, content.unreadable)
      if ('problem' in content.usage) throw unknown(tag, content.usage.message)
      return content.usage.claim
    })
  }
}

function unknown(tag: string, why: string): TallymanError {
  return new TallymanError(
    'CLAIM_FOREIGN',
    `${CLAIMS_REPOSITORY}:${tag} does not say what that installation uses: ${why}`,
  )
}
