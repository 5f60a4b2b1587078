import type { Finding } from '#health/finding.ts'
import { breaksPull, type JudgedImage, stateOf } from '#health/roll-up.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/**
 * What was found broken stays found while nobody can look: an answer that says nothing about the image mends nothing. As soon as it is
 * seen again, what is seen counts.
 * @param before what the last look that saw the image found
 */
export function withWhatWasFound(seen: JudgedImage, use: ImageUse, before: readonly Finding[]): JudgedImage {
  const broken = before.filter(breaksPull)
  if (broken.length === 0 || stateOf(seen) !== 'unknown') return seen
  return {
    ...seen,
    isUnseen: true,
    findings: [...seen.findings, ...broken.map((finding) => ({ ...finding, use }))],
  }
}
