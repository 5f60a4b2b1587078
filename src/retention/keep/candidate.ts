import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { Reason } from '#retention/reasons.ts'
import type { Stream } from '#retention/stream.ts'

/** A tag that nothing but its rule decides about. */
export interface Candidate {
  readonly tag: string
  readonly digest: string
  readonly rule: CompiledRule
  readonly stream: Stream
  /** The later of built and bound (S10), ms since the epoch; undefined: nothing of that is known. */
  readonly changedAt: number | undefined
  /** Nobody uses an image of its repository. */
  readonly isUnused: boolean
  /** ms since the epoch. */
  readonly now: number
}

/** One way of keeping something. undefined: this is none for it. */
export type KeepPolicy = (candidate: Candidate) => Reason | undefined
