const PREFIX = 'tallyman-anchor-'
/** Enough to tell digests of a repository apart. */
const HEX = 32

/** The tag that holds a digest in use that has no other (S14). @param digest `sha256:…` */
export function anchorTag(digest: string): string {
  return PREFIX + hexOf(digest)
}

/** Whether a tag is an anchor of ours: one that names another digest is somebody else's. */
export function isAnchor(tag: string, digest: string | undefined): boolean {
  return digest !== undefined && tag.startsWith(PREFIX) && tag === anchorTag(digest)
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, HEX)
}
