import { TallymanError } from '#catalogue/error.ts'
import { Claims, type FoundClaim, type GoneClaims } from '#evict/claims.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import type { RegistryClient } from '#registry/client.ts'

/** A command claims nothing. */
const NOBODY = { installation: '', operator: '', process: '' }

/** What a command has seen once, counts until it ends. */
const NEVER: GoneClaims = { now: 0, afterMs: Number.POSITIVE_INFINITY }

/** The context whose cluster an installation runs in; undefined: none of those that the command watches, as far as it can tell. */
export type ContextOfInstallation = (installation: string, signal: AbortSignal) => Promise<string | undefined>

/** What the operators say that they use of a registry, however long ago: it counts besides what the clusters use that are watched (S01). */
export class ClaimedUsage {
  readonly #client: RegistryClient
  readonly #contextOf: ContextOfInstallation
  readonly #claims: ReadonlyMap<string, Claims>

  /** @param repositories from which something is to go */
  constructor(client: RegistryClient, repositories: readonly string[], contextOf: ContextOfInstallation) {
    this.#client = client
    this.#contextOf = contextOf
    this.#claims = new Map(claimsAbove(repositories).map((place) => [place, new Claims(NOBODY, place)]))
  }

  /** Reads only what has changed since. @throws CLAIM_FOREIGN one does not say it; REGISTRY_*, CANCELLED */
  async read(signal: AbortSignal): Promise<UsageClaim[]> {
    const usage: UsageClaim[] = []
    for (const [place, claims] of this.#claims) {
      for (const claim of await claims.read(this.#client, { signal }, NEVER)) {
        const { content } = claim
        if ('heartbeat' in content && 'claim' in content.usage) usage.push(content.usage.claim)
        else throw await this.#unknown(`${place}:${claim.tag}`, claim, signal)
      }
    }
    return usage
  }

  async #unknown(name: string, { content }: FoundClaim, signal: AbortSignal): Promise<TallymanError> {
    const unknown = (whose: string, why: string) =>
      new TallymanError('CLAIM_FOREIGN', `${name} does not say what ${whose} uses: ${why}`)
    if ('unreadable' in content) return unknown('that installation', content.unreadable)
    const { holder, at } = content.heartbeat
    const why = 'problem' in content.usage ? content.usage.message : ''
    const context = await this.#contextOf(holder.installation, signal)
    if (context === undefined) return unknown('that installation', why)
    return unknown(
      `the operator in namespace ${holder.operator} of ${context}, which is a cluster of yours,`,
      `${why} (written ${new Date(at).toISOString()}). What its inventories lack: kubectl --context ${context} get imageinventories --all-namespaces -o wide. It says so within ten minutes after all of them are Synced and Trusted`,
    )
  }
}

/**
 * Where claims lie that are about these repositories: an operator that names the registry by a longer path has its own below that.
 * @returns `tallyman-claims`, and `a/tallyman-claims`, `a/b/tallyman-claims` for `a/b/c`
 */
function claimsAbove(repositories: readonly string[]): string[] {
  const places = new Set([CLAIMS_REPOSITORY])
  for (const repository of repositories) {
    const parts = repository.split('/')
    for (let depth = 1; depth < parts.length; depth++)
      places.add(`${parts.slice(0, depth).join('/')}/${CLAIMS_REPOSITORY}`)
  }
  return [...places]
}
