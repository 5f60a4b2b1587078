import { TallymanError } from '#catalogue/error.ts'
import { Claims } from '#evict/claims.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import type { RegistryClient } from '#registry/client.ts'

/** A command claims nothing. */
const NOBODY = { installation: '', operator: '', process: '' }

/**
 * What the operators say that they use of a registry, however long ago: it counts besides what the clusters use that are read (S01).
 * @throws CLAIM_FOREIGN one does not say it; REGISTRY_*, CANCELLED
 */
export async function claimedUsage(client: RegistryClient, signal: AbortSignal): Promise<UsageClaim[]> {
  const found = await new Claims(NOBODY).read(client, { signal })
  return found.map(({ tag, content }) => {
    if ('unreadable' in content) throw unknown(tag, content.unreadable)
    if ('problem' in content.usage) throw unknown(tag, content.usage.message)
    return content.usage.claim
  })
}

function unknown(tag: string, why: string): TallymanError {
  return new TallymanError(
    'CLAIM_FOREIGN',
    `${CLAIMS_REPOSITORY}:${tag} does not say what that installation uses: ${why}`,
  )
}
