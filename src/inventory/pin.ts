import { comparableHost } from '#inventory/locate.ts'
import { isDigest, isTag, parseReference } from '#inventory/reference.ts'

/** An image, or images, that a user says are needed (S07). */
export interface Pin {
  /** As written. */
  readonly text: string
  /** `host/repository` or a repository, or a pattern of either; several where the user may have meant one or the other. */
  readonly names: readonly string[]
  /** A tag or a pattern of tags; undefined: every tag, or none where there is a digest. */
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** As long as a reference may be. */
const MAX_LENGTH = 1024
const NAME = /^[a-z0-9._:*?[\]-]+(?:\/[a-z0-9._:*?[\]-]+)*$/
const TAG_PATTERN = /^[\w.*?-]{1,128}$/

/**
 * Reads `host/repository`, `repository` or a pattern of either, with `:tag` where only some tags are meant. Without
 * pattern characters it is a reference as well: it may have a digest, and without a host it may be one of Docker Hub.
 * @returns what is wrong, where it is neither
 */
export function parsePin(text: string): Pin | { readonly problem: string } {
  if (text.length > MAX_LENGTH) return { problem: `longer than ${MAX_LENGTH} characters` }
  const [named = '', digest, more] = text.split('@')
  if (more !== undefined || (digest !== undefined && !isDigest(digest))) {
    return { problem: 'what follows the @ is no digest' }
  }
  const colon = named.lastIndexOf(':')
  const isTagged = colon > named.lastIndexOf('/')
  const tag = isTagged ? named.slice(colon + 1) : undefined
  if (tag !== undefined && !(isPattern(tag) ? TAG_PATTERN.test(tag) : isTag(tag))) {
    return { problem: 'what follows the last colon is no tag and no pattern of tags' }
  }
  const name = comparableName(isTagged ? named.slice(0, colon) : named)
  if (!NAME.test(name)) return { problem: 'it is no host/repository and no pattern of one' }
  if (isPattern(name)) return { text, names: [name], tag, digest }
  const reference = parseReference(`${name}:latest`)
  if (reference === undefined) return { problem: 'it is no reference, and there is no * or ? in it' }
  return { text, names: [...new Set([name, `${reference.host}/${reference.repository}`])], tag, digest }
}

/** Whether a character of `text` stands for others. */
export function isPattern(text: string): boolean {
  return /[*?]/.test(text)
}

/** In the spelling of `spellings`. */
function comparableName(name: string): string {
  const lower = name.toLowerCase()
  const slash = lower.indexOf('/')
  return slash <= 0 ? lower : comparableHost(lower.slice(0, slash)) + lower.slice(slash)
}
