import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startCluster } from '#test/harness/cluster.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { reservePort } from '#test/harness/ports.ts'
import { startProcess } from '#test/harness/process.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import { checkFixture } from './fixture.ts'

/** Of k8s-image-availability-exporter, which is not to be had through Go modules: whoever has built it names it here. */
const EXPORTER = process.env.BENCH_EXPORTER
const IMAGES = 300
/** It looks at some, waits a minute, and looks at the next: the two times that it looked in this time. */
const MINUTES = 2
const SAYS_AFTER_MS = 20_000
const METRIC = 'k8s_image_availability_exporter_available{'

/** What the exporter does in two minutes with the images of Deployments of a real cluster, in a registry that lacks none. */
export interface ExporterPace {
  readonly imagesAMinute: number
  /** After 20 s: images that its metrics call available, and those that it had asked for. */
  readonly calledAvailable: number
  readonly askedByThen: number
}

/** undefined: no BENCH_EXPORTER. */
export async function exporterPace(): Promise<ExporterPace | undefined> {
  if (EXPORTER === undefined) return undefined
  const folder = await mkdtemp(path.join(import.meta.dirname, '../../dist/bench-'))
  const cluster = await startCluster()
  const { registry } = await checkFixture({
    repositories: 30,
    imagesEach: IMAGES / 30,
    sharedLayers: 1,
    ownLayers: 1,
  })
  const proxy = await startFaultProxy({ upstream: registry.url, upstreamInsecure: true, tls: true })
  try {
    const images = Array.from({ length: IMAGES }, (_, n) => `${proxy.host}/${imageAt(n)}`)
    await cluster.apply(images.map(deployment))
    const capath = path.join(folder, 'ca.pem')
    await writeFile(capath, proxy.caPem ?? '')
    const port = await reservePort()
    const bind = `127.0.0.1:${port.port}`
    const metrics = async () => (await fetch(`http://${bind}/metrics`)).text()
    const exporter = await startProcess({
      name: 'k8s-image-availability-exporter',
      command: EXPORTER,
      args: ['-capath', capath, '-bind-address', bind],
      env: { KUBECONFIG: cluster.adminKubeconfig },
      logFile: path.join(folder, 'exporter.log'),
      ready: async () => (await metrics()) !== '',
    })
    try {
      const asked = () => {
        const paths = proxy.requests.map(({ path: asking }) => asking)
        return new Set(paths.filter((asking) => asking.includes('/manifests/'))).size
      }
      await eventually(() => asked() > 0, {
        message: 'the exporter to look',
        timeoutMs: 60_000,
        intervalMs: 100,
      })
      await systemClock.sleep(SAYS_AFTER_MS)
      const said = await metrics()
      const askedByThen = asked()
      await systemClock.sleep(MINUTES * 60_000 - SAYS_AFTER_MS)
      return {
        imagesAMinute: asked() / MINUTES,
        calledAvailable: said.split('\n').filter((line) => line.startsWith(METRIC) && line.endsWith(' 1'))
          .length,
        askedByThen,
      }
    } finally {
      await exporter.stop()
      await port.release()
    }
  } finally {
    await proxy.stop()
    await registry.stop()
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** As `checkFixture` names them. */
function imageAt(number: number): string {
  const repository = number % 30
  return `team-${repository % 10}/app-${repository}:v1.${Math.floor(number / 30)}`
}

function deployment(image: string, number: number): object {
  const name = `app-${number}`
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } }
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' } },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  }
}
