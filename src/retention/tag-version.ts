/** A release by its number. */
export interface TagVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/**
 * `1.4`, `v1.4.2`. One number alone is rather a build or a date. What has a suffix may be a variant (`-alpine`) or come before the release (`-rc.1`): which of them, nobody
 * can tell from the text, so neither is a version.
 */
const VERSION = /^v?(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?$/

export function tagVersion(tag: string): TagVersion | undefined {
  const [, major, minor, patch = '0'] = VERSION.exec(tag) ?? []
  if (major === undefined || minor === undefined) return undefined
  return { major: Number(major), minor: Number(minor), patch: Number(patch) }
}

export function compareVersions(a: TagVersion, b: TagVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}
