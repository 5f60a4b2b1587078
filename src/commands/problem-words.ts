import type { FindingCode } from '#catalogue/finding-codes.ts'

/** How a problem is told behind a name. */
export const PROBLEM_WORDS: Readonly<Partial<Record<FindingCode, string>>> = {
  RepositoryEmpty: 'no tags',
  ManifestMissing: 'manifest gone',
  ManifestDamaged: 'manifest damaged',
  ManifestUnsupported: 'manifest of an unknown kind',
  PullDenied: 'denied',
  NotExamined: 'not readable',
}

/** We could not see: what was there may be more than is listed. */
export function isUnseen(problem: FindingCode | undefined): boolean {
  return problem === 'PullDenied' || problem === 'NotExamined'
}
