import type { Reason, ReasonCode } from '#retention/reasons.ts'

/** A reason that may be given. */
export interface Said {
  readonly code: ReasonCode
  /** Any one of these; `words`: a sentence for people, whose words nothing here decides about. */
  readonly of: readonly string[] | 'words'
  readonly count: number
  readonly at: number | undefined
}

/** Of nothing, and without figures, unless told otherwise. */
export function said(code: ReasonCode, { of = [''], count = 0, at }: Partial<Said> = {}): Said {
  return { code, of, count, at }
}

export function isSaid(reason: Reason, { code, of, count, at }: Said): boolean {
  return (
    reason.code === code &&
    reason.count === count &&
    reason.at === at &&
    (of === 'words' || of.includes(reason.of))
  )
}
