import type { CallOptions, Lane } from './target.ts'
import type { Call } from './transport.ts'

/** What every call takes from its caller's options. */
export function callerOptions(
  options: CallOptions | undefined,
): { readonly lane: Lane } & Pick<CallOptions, 'signal' | 'beforeSend'> {
  return { lane: options?.lane ?? 'check', signal: options?.signal, beforeSend: options?.beforeSend }
}

/** A read of a small answer, asked again where that can help. */
export function readCall(
  call: Pick<Call, 'target' | 'scope' | 'maxBytes'> & Partial<Pick<Call, 'method' | 'headers' | 'kind'>>,
  options: CallOptions | undefined,
): Call {
  return { method: 'GET', kind: 'answer', retry: 'transient', ...call, ...callerOptions(options) }
}
