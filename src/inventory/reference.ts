/** An image reference as the kubelet understands it: defaults filled in. */
export interface ImageReference {
  /** Lower case, with the port where one is written; `docker.io` where no host is written. */
  readonly host: string
  /** `library/` is added for one-segment names on docker.io. */
  readonly repository: string
  /** Present unless the reference names only a digest. */
  readonly tag?: string
  /** `algorithm:hex`. A runtime pulls by digest where both tag and digest are written. */
  readonly digest?: string
}

const DOCKER_HUB = 'docker.io'
const HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

/** Longest legal text is a host (255), a path (255), a tag (128) and a digest; beyond this nothing is tried. */
const MAX_LENGTH = 1024
const MAX_REPOSITORY_LENGTH = 255

const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*):([0-9a-fA-F]{32,})$/
const IDENTIFIER = /^[a-f0-9]{64}$/
const RUNTIME_SCHEME = /^docker(?:-pullable)?:\/\//

/** Hex digits of the algorithms that are registered (OCI image-spec, descriptor.md); these are lower case. */
const HEX_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 }

/**
 * Parses by the grammar of distribution/reference with Docker's defaults, as kubelet and containerd do
 * (`ParseNormalizedNamed`). A `docker://` or `docker-pullable://` in front, as old runtimes report it, is dropped.
 * @returns undefined where no runtime could pull `text`; never throws
 */
export function parseReference(text: string): ImageReference | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const written = text.replace(RUNTIME_SCHEME, '')
  if (IDENTIFIER.test(written)) return undefined

  const at = written.indexOf('@')
  const digest = at === -1 ? undefined : written.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) return undefined
  const named = at === -1 ? written : written.slice(0, at)

  const colon = named.lastIndexOf(':')
  const tagged = colon > named.lastIndexOf('/')
  const tag = tagged ? named.slice(colon + 1) : digest === undefined ? 'latest' : undefined
  if (tag !== undefined && !isTag(tag)) return undefined

  const { host, repository } = splitHost(tagged ? named.slice(0, colon) : named)
  if (!isHost(host) || !isRepository(repository)) return undefined
  return {
    host,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/** The full spelling, host included: `parseReference(formatReference(r))` equals `r`. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  return `${writtenHost(reference.host)}/${reference.repository}${tag}${digest}`
}

/** A host of one word is one only where it can't be a name: in upper case. */
function writtenHost(host: string): string {
  return /[.:]/.test(host) || host === 'localhost' ? host : host.toUpperCase()
}

/** Whether `text` is a digest: known algorithms by their exact length, others by the grammar alone. */
export function isDigest(text: string): boolean {
  const [, algorithm, hex] = DIGEST.exec(text) ?? []
  if (algorithm === undefined || hex === undefined) return false
  const length = Object.hasOwn(HEX_LENGTHS, algorithm) ? HEX_LENGTHS[algorithm] : undefined
  return length === undefined || (hex.length === length && hex === hex.toLowerCase())
}

export function isTag(text: string): boolean {
  return TAG.test(text)
}

/** Whether `text` is the path of a repository: at most 255 characters, lower case. */
export function isRepository(text: string): boolean {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text)
}

/** Whether `text` could be a host with or without a port; what stands before a slash need not be one. */
export function isHost(text: string): boolean {
  return HOST.test(text)
}

/** One spelling for each host: lower case, and Docker Hub's several names as `docker.io`. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase()
  return HUB_HOSTS.has(lower) ? DOCKER_HUB : lower
}

/** Docker's rule: what stands before the first slash is a host when it could not be a name, or is `localhost`. */
function splitHost(name: string): { host: string; repository: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const isHost =
    slash !== -1 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const host = isHost ? canonicalHost(first) : DOCKER_HUB
  const path = isHost ? name.slice(slash + 1) : name
  return { host, repository: host === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path }
}
