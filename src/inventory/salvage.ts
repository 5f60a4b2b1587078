import { canonicalHost, isDigest, isHost, isRepository, isTag } from '#inventory/reference.ts'

/** What can be made out of a text that is no legal reference; each part is legal, in lower case but for the tag. */
export interface Salvaged {
  /** undefined: none is written, or what is written is none. */
  readonly host?: string
  /** As written: without the `library/` of Docker Hub. */
  readonly repository: string
  /** undefined: none is written, or what is written is none. */
  readonly tag?: string
  readonly digest?: string
}

/** Of longer texts the beginning is looked at. */
const MAX_LENGTH = 4096

/**
 * The repository that the writer of `text` may have meant: in capitals, behind a scheme or a template that nobody filled
 * in, with slashes or spaces too many, with a tag or digest that is none. It is there to protect more, never less.
 * @returns undefined where none can be made out; never throws
 */
export function salvage(text: string): Salvaged | undefined {
  const { name, digest } = cutDigest(cutDecoration(text.slice(0, MAX_LENGTH)))
  const segments = name.split('/').filter((segment) => segment !== '')
  const [last = '', ...tags] = (segments.pop() ?? '').replace(/[?#].*/, '').split(':')
  const { host, path } = cutHost([...segments, last].map((segment) => segment.toLowerCase()))
  const repository = legalEnd(path)
  if (repository === undefined) return undefined
  const [tag, another] = tags
  return {
    // What stands between host and path cannot be read, so the host does not say where the path is.
    ...(host === undefined || repository !== path.join('/') ? {} : { host }),
    repository,
    ...(tag === undefined || another !== undefined || !isTag(tag) ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/** White space, quotes, and schemes before it. */
function cutDecoration(text: string): string {
  return text.replace(/[\s"'`]+/g, '').replace(/^(?:[a-z][a-z0-9+.-]*:\/{2,})+/i, '')
}

/** What stands before the `@` of a digest. An `@` before the last slash ends the name of a user. */
function cutDigest(text: string): { name: string; digest: string | undefined } {
  const slash = text.lastIndexOf('/')
  const user = slash === -1 ? -1 : text.lastIndexOf('@', slash)
  const [name = '', ...sums] = text.slice(user + 1).split('@')
  return { name, digest: sums.flatMap((sum) => [sum.toLowerCase(), sum]).find(isDigest) }
}

function cutHost(path: readonly string[]): { host: string | undefined; path: readonly string[] } {
  const [first = '', ...rest] = path
  if (rest.length === 0 || !(/[.:]/.test(first) || first === 'localhost')) return { host: undefined, path }
  const host = canonicalHost(first.replace(/\.(?=:|$)/, ''))
  return { host: isHost(host) ? host : undefined, path: rest }
}

/** What is left of the path behind the last segment that is none. */
function legalEnd(path: readonly string[]): string | undefined {
  const end = path.slice(path.findLastIndex((segment) => !isRepository(segment)) + 1).join('/')
  return isRepository(end) ? end : undefined
}
