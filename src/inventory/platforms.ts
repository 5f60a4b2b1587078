import type { Platform } from '#inventory/snapshot.ts'

/** Each platform once, sorted by os, then architecture. */
export function distinctPlatforms(platforms: Iterable<Platform>): Platform[] {
  const distinct = new Map<string, Platform>()
  for (const { os, architecture } of platforms) distinct.set(`${os}/${architecture}`, { os, architecture })
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, platform]) => platform)
}
