import type { KeepPolicy } from '#retention/keep/candidate.ts'
import { reason } from '#retention/reasons.ts'

/** `whenUnused: Keep`. */
export const keepUnused: KeepPolicy = ({ rule, isUnused }) =>
  isUnused && rule.whenUnused === 'Keep' ? reason('Unused') : undefined
