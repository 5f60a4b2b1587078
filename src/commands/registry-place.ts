import { canonicalHost, isHost } from '#inventory/reference.ts'
import { hostOf } from '#registry/addresses.ts'
import { isLoopback } from '#registry/proxy-environment.ts'

/** A registry that somebody names on the command line, or a repository in it. */
export interface RegistryPlace {
  /** As it stands in image references. */
  readonly host: string
  /** Where it may answer, to be tried in this order: without TLS only where that is written, or after TLS on this machine itself. */
  readonly urls: readonly [string, ...string[]]
  /** undefined: the whole registry. */
  readonly repository: string | undefined
}

/** What to give in place of what is no place: each command has its own ways. */
export interface PlaceAdvice {
  readonly forPattern: string
  /** @param path with the slash */
  forSlash(path: string): string
  readonly forImage: string
}

/** Of commands that choose with --repository and --tag. */
export const SELECTING: PlaceAdvice = {
  forPattern: 'give the host alone, and the pattern with --repository',
  forSlash: (path) => `what lies below a path is chosen with --repository '${path}**'`,
  forImage: 'give the repository alone, and a tag with --tag',
}

/** Docker Hub is called by one name and answers under another. */
const HUB = 'docker.io'
const HUB_ANSWERS = 'registry-1.docker.io'

/**
 * Reads `[https://|http://]host[:port][/repository]`. @param plainHttp without TLS, where no scheme is written @param advice what to give instead
 * @returns what is wrong with it, where it is none; not a word of the text, which may hold a password
 */
export function parseRegistryPlace(
  text: string,
  { plainHttp, advice = SELECTING }: { readonly plainHttp: boolean; readonly advice?: PlaceAdvice },
): RegistryPlace | { readonly problem: string } {
  const [, scheme, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text) ?? []
  const [authority = '', ...segments] = rest.split('/')
  if (authority.includes('@')) return { problem: 'It holds a user: use --username and --password-stdin.' }
  const chosen = schemesFor(authority, scheme?.toLowerCase(), plainHttp)
  if ('problem' in chosen) return chosen
  const host = canonicalHost(authority)
  const address = host === HUB ? HUB_ANSWERS : authority.toLowerCase()
  const [first, ...others] = chosen.schemes.map((each) => `${each}://${address}`)
  if (!isHost(authority) || first === undefined || !URL.canParse(first)) {
    return { problem: 'It must be host[:port], such as registry.example.com, or host[:port]/repository.' }
  }
  const path = segments.join('/')
  const problem = pathProblem(path, advice)
  if (problem !== undefined) return { problem }
  const repository = host === HUB && segments.length === 1 && path !== '' ? `library/${path}` : path
  return { host, urls: [first, ...others], repository: repository === '' ? undefined : repository }
}

function schemesFor(
  authority: string,
  scheme: string | undefined,
  plainHttp: boolean,
): { readonly schemes: readonly string[] } | { readonly problem: string } {
  switch (scheme) {
    case 'https':
      if (plainHttp) return { problem: 'It says https://, and --plain-http says the contrary.' }
      return { schemes: ['https'] }
    case 'http':
      return { schemes: ['http'] }
    case undefined: {
      if (plainHttp) return { schemes: ['http'] }
      const url = URL.parse(`https://${authority}`)
      return { schemes: url !== null && isLoopback(hostOf(url)) ? ['https', 'http'] : ['https'] }
    }
    default:
      return { problem: 'It must begin with https://, http:// or the host.' }
  }
}

function pathProblem(path: string, advice: PlaceAdvice): string | undefined {
  if (path === '') return undefined
  if (/[*?]/.test(path)) return `It holds a pattern: ${advice.forPattern}.`
  if (path.endsWith('/')) return `It ends with a slash: ${advice.forSlash(path)}.`
  if (/[:@]/.test(path)) return `It names a tag or digest: ${advice.forImage}.`
  return undefined
}
