// A bare watch in a process of its own: prints name and arrival (ms since the epoch) of each new pod once it has seen as many as told.
import { connect } from '#kube/connection.ts'
import { systemClock } from '#time/clock.ts'

const { kubeconfig, namespace, count }: { kubeconfig: string; namespace: string; count: number } = JSON.parse(
  process.argv[2] ?? '',
)
const connection = await connect({ kubeconfig, clock: systemClock })
const path = `/api/v1/namespaces/${namespace}/pods`
const list: { metadata: { resourceVersion: string } } = JSON.parse(
  new TextDecoder().decode((await connection.request({ method: 'GET', path, query: { limit: 1 } })).body),
)
let { resourceVersion } = list.metadata
const seen: Record<string, number> = {}
// The API server closes healthy watches under load.
while (Object.keys(seen).length < count) await watch()
process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit())

/** Until it ends, or everything was seen. */
async function watch(): Promise<void> {
  const ended = new AbortController()
  const { signal } = ended
  const stream = await connection.stream({
    method: 'GET',
    path,
    query: { watch: true, resourceVersion },
    signal,
  })
  process.stderr.write('ready\n')
  let rest = ''
  const decoder = new TextDecoder()
  const reading = stream.read((chunk) => {
    const now = performance.timeOrigin + performance.now()
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      resourceVersion = /"resourceVersion":"(\d+)"/.exec(line)?.[1] ?? resourceVersion
      const [, name] = /"type":"ADDED".*?"name":"(latency-\d+)"/.exec(line) ?? []
      if (name !== undefined) seen[name] ??= now
    }
    if (Object.keys(seen).length >= count) ended.abort()
  })
  await reading.catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
