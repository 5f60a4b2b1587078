import type { IncomingMessage } from 'node:http'
import { systemClock } from '#time/clock.ts'
import { untilAborted } from './aborting.ts'
import { chunksOf, shapedAnswer, shapedUpload, WireEnd } from './body.ts'
import type { Exchange } from './exchange.ts'
import type { Fault, RedirectFault, StatusFault } from './faults.ts'
import { clientHeaders, hasUpload, upstreamHeaders } from './headers.ts'
import type { UpstreamLink } from './upstream.ts'

/**
 * Carries one request, once `held` has resolved, to the upstream and its answer back, with what the faults make of it.
 * Never rejects.
 */
export async function carryOut(
  exchange: Exchange,
  faults: readonly Fault[],
  link: UpstreamLink,
  scheme: 'http' | 'https',
  held: readonly (Promise<void> | undefined)[],
): Promise<void> {
  try {
    await Promise.all(held)
    if (await answeredHere(exchange, faults)) return
    const answer = await askUpstream(exchange, faults, link, scheme)
    await passBack(exchange, faults, answer, link)
  } catch (error) {
    if (error instanceof WireEnd) exchange.endWire(error.how)
    else exchange.fail(error)
  }
}

/** What happens before the upstream hears of the request: true where it never will. */
async function answeredHere(exchange: Exchange, faults: readonly Fault[]): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind !== 'drop') fault.onStrike?.(exchange.request)
    if (fault.kind === 'delay' && fault.at === 'request') await systemClock.sleep(fault.ms, exchange.signal)
    if (fault.kind === 'cut' && fault.at === 'request') throw new WireEnd(fault.reset ? 'reset' : 'destroy')
    if (fault.kind === 'halfOpen' && fault.at === 'request') await untilAborted(exchange.signal)
    if (fault.kind === 'status') return answer(exchange, statusAnswer(fault))
    if (fault.kind === 'redirect')
      return answer(exchange, redirectAnswer(fault, exchange.incoming.url ?? '/'))
  }
  return false
}

function askUpstream(
  exchange: Exchange,
  faults: readonly Fault[],
  link: UpstreamLink,
  scheme: 'http' | 'https',
): Promise<IncomingMessage> {
  const { incoming, request, signal } = exchange
  return link.ask(
    {
      method: request.method,
      target: narrowed(incoming.url ?? '/', faults),
      headers: upstreamHeaders(incoming, scheme),
      upload: hasUpload(incoming) ? shapedUpload(chunksOf(incoming), faults) : undefined,
      onUploaded: (bytes) => {
        request.uploadedBytes += bytes
      },
    },
    signal,
  )
}

/** The path and query, with the selectors of the faults in it. */
function narrowed(target: string, faults: readonly Fault[]): string {
  const selectors = faults.flatMap((fault) => (fault.kind === 'narrow' ? [fault.labelSelector] : []))
  if (selectors.length === 0) return target
  const [path = '/', query = ''] = target.split('?')
  const parameters = new URLSearchParams(query)
  const own = parameters.get('labelSelector')
  parameters.set('labelSelector', [...(own === null ? [] : [own]), ...selectors].join(','))
  return `${path}?${parameters}`
}

async function passBack(
  exchange: Exchange,
  faults: readonly Fault[],
  answer: IncomingMessage,
  link: UpstreamLink,
): Promise<void> {
  const { signal } = exchange
  for (const fault of faults) {
    if (fault.kind === 'drop') {
      fault.onStrike?.(exchange.request)
      throw new WireEnd(fault.reset ? 'reset' : 'destroy')
    }
    if (fault.kind === 'delay' && fault.at === 'headers') await systemClock.sleep(fault.ms, signal)
  }
  await exchange.head(answer.statusCode ?? 502, answer.statusMessage, clientHeaders(answer, faults))
  for (const fault of faults) {
    if (fault.kind === 'cut' && fault.at === 'headers') throw new WireEnd(fault.reset ? 'reset' : 'destroy')
  }
  for await (const chunk of shapedAnswer(chunksOf(answer), faults, signal)) await exchange.write(chunk)
  if (!answer.readableEnded) link.renew()
  await exchange.end()
}

interface ProxyAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

function statusAnswer({ status, headers = {}, body = '' }: StatusFault): ProxyAnswer {
  if (typeof body === 'string' || body instanceof Uint8Array)
    return { status, headers, body: Buffer.from(body) }
  const json = Buffer.from(JSON.stringify(body))
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: json }
}

function redirectAnswer(fault: RedirectFault, target: string): ProxyAnswer {
  const location = 'url' in fault ? fault.url : `${new URL(fault.origin).origin}${target}`
  return { status: fault.status ?? 307, headers: { Location: location }, body: new Uint8Array(0) }
}

async function answer(exchange: Exchange, { status, headers, body }: ProxyAnswer): Promise<true> {
  exchange.incoming.resume()
  const date = ['Date', new Date(systemClock.now()).toUTCString()]
  const framing = ['Content-Length', String(body.length)]
  await exchange.head(status, undefined, [...Object.entries(headers).flat(), ...date, ...framing])
  if (exchange.request.method !== 'HEAD') await exchange.write(body)
  await exchange.end()
  return true
}
