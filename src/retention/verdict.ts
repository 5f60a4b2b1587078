import { type Reason, reasonText } from '#retention/reasons.ts'

/**
 * What becomes of a tag. `keep`: nothing. `untag`: the tag goes, its digest stays with another tag of the repository. `evict`: the tag goes with all others of its digest in
 * the repository, nothing needs the digest there, and it may be deleted.
 */
export type Action = 'keep' | 'untag' | 'evict'

export interface Verdict {
  readonly tag: string
  /** undefined: it could not be resolved. */
  readonly digest: string | undefined
  readonly action: Action
  readonly reason: Reason
  /** Name of the rule that decides about it; undefined: none does. */
  readonly rule: string | undefined
}

/** Each as it is said to people, before its reason. */
export const SAID: Readonly<Record<Action, string>> = { keep: 'kept', untag: 'untag', evict: 'evict' }

/** `kept: prod-eu/shop/Deployment/cart runs it` */
export function verdictText({ action, reason }: Verdict): string {
  return `${SAID[action]}: ${reasonText(reason)}`
}
