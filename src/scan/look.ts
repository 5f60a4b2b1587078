import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { Answer, NotPresent, Sight } from '#health/evidence.ts'
import type { Clock } from '#time/clock.ts'

/** Pause between the two looks that a verdict takes, in milliseconds. */
export const SECOND_LOOK_AFTER_MS = 500

/** What one look brought: a value, or the error that stood in its place. */
export type Look<T> = { readonly value: T } | { readonly error: TallymanError }

export interface LookOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Looks, and looks a second time before anything is called absent or damaged: one odd answer of a registry or a proxy
 * must not become a finding. Only what both looks failed to see is bad; where they disagree on how, the milder word wins
 * (unreachable before damaged before absent).
 * @throws the error itself where it is about us and not about the registry (cancelled, internal)
 */
export async function lookTwice<T>(look: () => Promise<T>, { clock, signal }: LookOptions): Promise<Look<T>> {
  const first = await lookOnce(look, signal)
  if ('value' in first || !needsSecondLook(first.error)) return first
  await clock.sleep(SECOND_LOOK_AFTER_MS, signal)
  const second = await lookOnce(look, signal)
  if ('value' in second) return second
  return { error: milder(first.error, second.error) }
}

/** For who has seen already what it would say. @throws as lookTwice */
export async function lookOnce<T>(look: () => Promise<T>, signal: AbortSignal): Promise<Look<T>> {
  try {
    return { value: await look() }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (!(error.kind in STATES)) throw error
    return { error }
  }
}

const STATES: Readonly<Partial<Record<TallymanError['kind'], NotPresent['state']>>> = {
  absent: 'absent',
  damaged: 'damaged',
  denied: 'denied',
  unreachable: 'unreachable',
  throttled: 'unreachable',
  // An answer that belongs to another request, such as one about an upload.
  conflict: 'unreachable',
  unsupported: 'unsupported',
}

/** It was not the registry that answered: nothing was seen of the image. */
const NO_REGISTRY: ReadonlySet<string> = new Set([
  'REGISTRY_NOT_A_REGISTRY',
  'REGISTRY_REDIRECT',
  'REGISTRY_PAGINATION',
])

export function sightOf(error: TallymanError): NotPresent {
  const state = NO_REGISTRY.has(error.code) ? 'unreachable' : (STATES[error.kind] ?? 'unreachable')
  const answer = answerOf(error)
  return { state, code: error.code, message: error.message, ...(answer === undefined ? {} : { answer }) }
}

function answerOf({ details }: TallymanError): Answer | undefined {
  const { method, url, status, expected, got } = details
  const answer = {
    ...(method === undefined || url === undefined ? {} : { request: `${method} ${url}` }),
    ...(typeof status === 'number' ? { status } : {}),
    ...(expected === undefined ? {} : { expected: String(expected) }),
    ...(got === undefined ? {} : { got: String(got) }),
  }
  return Object.keys(answer).length === 0 ? undefined : answer
}

export const PRESENT: Sight = { state: 'present' }

function needsSecondLook(error: TallymanError): boolean {
  return error.kind === 'absent' || error.kind === 'damaged'
}

const MILDEST_FIRST: readonly NotPresent['state'][] = [
  'unreachable',
  'denied',
  'unsupported',
  'damaged',
  'absent',
]

function milder(a: TallymanError, b: TallymanError): TallymanError {
  const rank = (error: TallymanError) => MILDEST_FIRST.indexOf(sightOf(error).state)
  return rank(a) < rank(b) ? a : b
}
