import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { ageOf, momentOf } from '#time/moment.ts'
import { throwIfAborted } from './abort.ts'
import type { Reply } from './reply.ts'
import type { Call, Transport } from './transport.ts'

/** How old the guard's consent may be when the request goes out, in milliseconds. */
const CONSENT_MS = 1_000
/** A registry that is so busy that no request gets its turn within a second of the consent, so often in a row. */
const MAX_CONSENTS = 20

export type Guard = (signal: AbortSignal) => Promise<void>

/** What a request that takes something away needs. */
export interface DestructiveOptions {
  /** Ends the waiting before the request is sent. One that was sent is waited for, however long it takes (S16). */
  readonly signal: AbortSignal
  /**
   * Asked right before the request is sent, without a slot of the registry's limits, so that it may ask the same registry; again where the
   * request did not get its turn within a second. @throws what forbids the request: nothing is sent then
   */
  readonly guard: Guard
  /** Told once of every request that was sent. Must not throw. */
  readonly audit: (line: AuditLine) => void
}

/** One destructive request, for the log. */
export interface AuditLine {
  readonly registry: string
  readonly method: 'DELETE' | 'PUT'
  readonly repository: string
  /** Tag or digest. */
  readonly reference: string
  /** An HTTP status, or the code of the error that stands in its place: what became of the request is not known then. */
  readonly answer: number | string
  readonly durationMs: number
}

/** How a destructive request ended. From sending to the end, in milliseconds; without an answer what it did is not known. */
export type Sent = { readonly durationMs: number } & (
  | { readonly reply: Reply }
  | { readonly error: TallymanError }
)

/**
 * Sends a request of the class *destructive*: with a guard's fresh consent, never aborted, never timed out and never sent again unless the
 * registry refused it with 429.
 * @throws what kept it from being sent: the guard, the signal, the way to the registry
 */
export async function sendDestructive(
  transport: Transport,
  clock: Clock,
  call: Pick<Call, 'target' | 'scope' | 'maxBytes' | 'headers' | 'body'> & Pick<AuditLine, 'method'>,
  { repository, reference }: Pick<AuditLine, 'repository' | 'reference'>,
  { signal, guard, audit }: DestructiveOptions,
): Promise<Sent> {
  const overdue = new TallymanError(
    'REGISTRY_THROTTLED',
    `${transport.host}: no request gets its turn within ${CONSENT_MS} ms`,
  )
  for (let consents = 1; ; consents++) {
    throwIfAborted(signal)
    await guard(signal)
    const consented = momentOf(clock)
    let sentAt: number | undefined
    const beforeSend = () => {
      if (ageOf(consented, clock) > CONSENT_MS) throw overdue
      sentAt = clock.monotonic()
    }
    const ended = await outcomeOf(
      transport.send({
        ...call,
        kind: 'destructive',
        retry: 'once',
        lane: 'interactive',
        signal,
        beforeSend,
      }),
    )
    if ('error' in ended && ended.error === overdue && consents < MAX_CONSENTS) continue
    const refused = 'error' in ended && ended.error.kind === 'throttled'
    if ('error' in ended && (sentAt === undefined || refused)) throw ended.error
    const durationMs = clock.monotonic() - (sentAt ?? consented.monotonic)
    const answer = 'error' in ended ? ended.error.code : ended.reply.status
    audit({ registry: transport.host, method: call.method, repository, reference, answer, durationMs })
    return { ...ended, durationMs }
  }
}

async function outcomeOf(
  sending: Promise<Reply>,
): Promise<{ readonly reply: Reply } | { readonly error: TallymanError }> {
  try {
    return { reply: await sending }
  } catch (thrown) {
    return { error: asTallymanError(thrown) }
  }
}
