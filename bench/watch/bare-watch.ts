// A bare watch in a process of its own: prints name and arrival (ms since the epoch) of each new pod until told to end.
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
const query = { watch: true, resourceVersion: list.metadata.resourceVersion }
const stream = await connection.stream({ method: 'GET', path, query })
process.stderr.write('ready\n')
const seen: Record<string, number> = {}
let rest = ''
const decoder = new TextDecoder()
await stream.read((chunk) => {
  const now = performance.timeOrigin + performance.now()
  const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) {
    const [, name] = /"type":"ADDED".*?"name":"(latency-\d+)"/.exec(line) ?? []
    if (name !== undefined) seen[name] ??= now
  }
  if (Object.keys(seen).length < count) return
  process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit())
})
