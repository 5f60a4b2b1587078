/** What distribution takes. */
const MAX_TAG = 128

/** The tag of a copy in a trash. `sha256-…` would be that of a signature (cosign), which follows its subject. */
export function trashTag(digest: string): string {
  return `m-${digest.slice(digest.indexOf(':') + 1)}`.slice(0, MAX_TAG)
}
