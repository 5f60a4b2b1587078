// Asks for manifests with our client or with bare undici, for a time or a count, and prints rate and CPU time.
import { hash } from 'node:crypto'
import { Pool } from 'undici'
import { RegistryPool } from '#registry/pool.ts'
import { ACCEPT_MANIFESTS } from '#test/harness/images.ts'
import { systemClock } from '#time/clock.ts'

export interface ClientInput {
  readonly client: 'tallyman' | 'undici'
  readonly method: 'GET' | 'HEAD'
  readonly url: string
  readonly caPem: string | undefined
  readonly repository: string
  readonly digests: readonly string[]
  readonly connections: number
  readonly seconds: number
  /** Ends earlier, after so many requests. */
  readonly requests?: number
}

export interface ClientOutput {
  readonly requests: number
  readonly perSecond: number
  readonly cpuMsPerRequest: number
}

/** A scan is thousands of requests: what is measured is compiled code, as wrk is. */
const WARM_SECONDS = 2

const input: ClientInput = JSON.parse(process.argv[2] ?? '')
const ask = input.client === 'tallyman' ? tallyman(input) : undici(input)
await loop(ask, WARM_SECONDS)
const cpu = process.cpuUsage()
const started = performance.now()
const requests = await loop(ask, input.seconds)
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
const output: ClientOutput = {
  requests,
  perSecond: requests / seconds,
  cpuMsPerRequest: (user + system) / 1000 / requests,
}
process.stdout.write(`${JSON.stringify(output)}\n`)
process.exit()

async function loop(one: (digest: string) => Promise<void>, forSeconds: number): Promise<number> {
  const end = performance.now() + forSeconds * 1000
  let next = 0
  const worker = async () => {
    while (performance.now() < end && next < (input.requests ?? Number.POSITIVE_INFINITY)) {
      const digest = input.digests[next % input.digests.length] ?? ''
      next += 1
      await one(digest)
    }
  }
  await Promise.all(Array.from({ length: input.connections }, worker))
  return next
}

function tallyman({ url, caPem, repository, method, connections }: ClientInput) {
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'bench' })
  const client = pool.client({ url, caPem, limits: { concurrency: connections } })
  return async (digest: string) => {
    await (method === 'GET'
      ? client.getManifest(repository, digest)
      : client.headManifest(repository, digest))
  }
}

/** The least that a careful client does with undici: dispatch, body gathered, hashed where there is one. */
function undici({ url, caPem, repository, method, connections }: ClientInput) {
  const tls = caPem === undefined ? {} : { connect: { ca: caPem } }
  const pool = new Pool(url, { connections, pipelining: 1, allowH2: false, ...tls })
  const headers = { accept: ACCEPT_MANIFESTS }
  return (digest: string) =>
    new Promise<void>((resolve, reject) => {
      const chunks: Buffer[] = []
      pool.dispatch(
        { path: `/v2/${repository}/manifests/${digest}`, method, headers, reset: false },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: (_, chunk) => void chunks.push(chunk),
          onResponseEnd: () => {
            const [first] = chunks
            const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
            if (method === 'GET' && `sha256:${hash('sha256', body, 'hex')}` !== digest)
              reject(new Error('wrong digest'))
            else resolve()
          },
          onResponseError: (_, error) => reject(error),
        },
      )
    })
}
