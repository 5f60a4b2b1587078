import { asTallymanError } from '#catalogue/error.ts'
import type { PolicyAbout, RegistryAbout } from '#commands/policies-about.ts'
import type { RegistryOptions } from '#commands/registry-options.ts'
import { errorWords } from '#commands/registry-remedy.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import { DEFAULT_WORKSPACE } from '#commands/workspace-option.ts'
import { type Evicted, historyOfRun } from '#evict/evicted.ts'
import { type JournalShelf, journaledRuns, journalOf } from '#evict/journal-shelf.ts'
import { missingContent } from '#evict/missing-content.ts'

/** What became of an image that its registry does not have, as far as the journals of its workspace tell. */
export type Departure =
  | {
      readonly evicted: Evicted
      /** `namespace/name` of the RegistryPolicy whose run it was; undefined: no status names the run. */
      readonly policy: string | undefined
      /** When it was brought back after that, ms since the epoch: it went once more, by what keeps no journal. */
      readonly returnedAt: number | undefined
      /** What is missing to bring it back, for people; undefined: nothing is. */
      readonly missing: string | undefined
      /** How it is brought back: a command, or what to write into spec.restore. */
      readonly wayBack: string
    }
  /** Why nobody can say, for people. */
  | { readonly unknown: string }

/** A repository has as many journals as runs took something out of it in `trash.retainFor`. */
const JOURNALS_READ = 50

/** Reads the newest journals about the repository of an image until one says that it went. It only reads. @throws CANCELLED */
export async function departureOf(
  registry: RegistryAbout,
  policies: readonly Pick<PolicyAbout, 'name' | 'runs'>[],
  { client, signal }: Pick<RegistrySession, 'client' | 'signal'>,
  options: Pick<RegistryOptions, 'plainHttp'>,
): Promise<Departure> {
  const { prefix, elsewhere } = registry.workspace
  if (elsewhere !== undefined) {
    const unknown = `what runs took is recorded in the workspace, which lies in Registry ${elsewhere} and is not read here`
    return { unknown }
  }
  const shelf: JournalShelf = { client, prefix }
  const { repository } = registry.image
  try {
    const runs = await journaledRuns(shelf, repository, { signal })
    for (const run of runs.slice(0, JOURNALS_READ)) {
      const { went, returned } = await historyOfRun(shelf, repository, run, { signal })
      const evicted = went.findLast((each) => isAsked(each, registry))
      if (evicted === undefined) continue
      const back = returned.findLast((each) => each.at >= evicted.at && isAsked(each, registry))
      const journal = await journalOf(shelf, repository, run, { signal })
      const missing = await missingContent({ client, repository, journal, signal }, evicted.digest)
      return {
        ...{ evicted, returnedAt: back?.at, missing: missing?.message },
        policy: policies.find((each) => each.runs.includes(run))?.name,
        wayBack: wayBack(registry, options),
      }
    }
    return { unknown: untold(prefix, runs.length) }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (error.code === 'INTERNAL') throw thrown
    return { unknown: errorWords(error) }
  }
}

function isAsked(each: Pick<Evicted, 'tag' | 'digest'>, { image: { tag, digest } }: RegistryAbout): boolean {
  return (tag === undefined || each.tag === tag) && (digest === undefined || each.digest === digest)
}

function untold(prefix: string, journals: number): string {
  const read = journals > JOURNALS_READ ? `the newest ${JOURNALS_READ} of ${journals} journals` : 'no journal'
  const speaks = journals > JOURNALS_READ ? 'do not speak' : 'speaks'
  return `${read} below ${prefix} ${speaks} of it; they are kept for trash.retainFor of the policy`
}

/** `tallyman restore` finds a workspace only in the repositories that it is given, from the root of the registry on. */
function wayBack(
  { url, image, workspace }: RegistryAbout,
  { plainHttp }: Pick<RegistryOptions, 'plainHttp'>,
) {
  const { repository, tag, digest } = image
  if (url.pathname !== '/') {
    return `spec.restore of the policy, with ${JSON.stringify({ repository, ...(tag === undefined ? {} : { tag }) })}`
  }
  const name = digest === undefined ? `:${tag ?? ''}` : `@${digest}`
  const where = workspace.prefix === DEFAULT_WORKSPACE ? '' : ` --workspace ${workspace.prefix}`
  const how = url.protocol === 'http:' && plainHttp === true ? ' --plain-http' : ''
  return `tallyman restore ${url.host}/${repository}${name}${where}${how}`
}
