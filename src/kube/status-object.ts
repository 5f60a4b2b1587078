import { isRecord, listOf, recordOf, textOf } from './json.ts'

/** What of metav1.Status is read: the answer of the API server to everything that failed. */
export interface KubeStatus {
  readonly code: number
  /** A word such as `Expired`, `AlreadyExists`. */
  readonly reason: string
  readonly message: string
  /** `reason` of every cause, such as `ResourceVersionTooLarge`. */
  readonly causes: readonly string[]
  readonly retryAfterSeconds?: number
}

/** The Status in a parsed JSON value; undefined where it is none. */
export function jsonStatus(value: unknown): KubeStatus | undefined {
  if (!isRecord(value) || value.kind !== 'Status') return undefined
  const { code } = value
  const details = recordOf(value.details)
  const retryAfterSeconds = details.retryAfterSeconds
  return {
    code: typeof code === 'number' ? code : 0,
    reason: textOf(value.reason),
    message: textOf(value.message),
    causes: listOf(details.causes).map((cause) => textOf(recordOf(cause).reason)),
    ...(typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
  }
}
