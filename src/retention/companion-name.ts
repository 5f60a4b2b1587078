/** The distribution specification's tag for a registry without referrers API, and cosign's tags. */
const COMPANION = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(?:\.[a-z]{1,16})?$/
/** The specification cuts the tag of a longer digest. */
const CUT = /^sha512-[0-9a-f]{64}(?:\.[a-z]{1,16})?$/

/** The digest that a tag belongs to by its name; undefined: it belongs to none. */
export function namedSubject(tag: string): string | undefined {
  // Nearly all tags end here.
  if (!tag.startsWith('sha')) return undefined
  return COMPANION.exec(tag)?.[1]?.replace('-', ':')
}

/** It belongs to some digest by its name, of which half is missing. */
export function hasCutSubject(tag: string): boolean {
  return tag.startsWith('sha512-') && CUT.test(tag)
}
