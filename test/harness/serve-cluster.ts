import { startCluster } from '#test/harness/cluster.ts'

/**
 * `node test/harness/serve-cluster.ts`: a cluster of the harness with controllers and a fake node, for whoever wants to
 * look at it or to run tests against it (CONTRIBUTING.md, "An existing cluster"). Prints its kubeconfig; Ctrl-C ends it.
 */
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const cluster = await startCluster({ nodes: 1, signal: stop.signal })
console.log(cluster.adminKubeconfig)
// A signal alone keeps no process alive.
const alive = setInterval(() => undefined, 60_000)
await new Promise<void>((resolve) => {
  if (stop.signal.aborted) resolve()
  stop.signal.addEventListener('abort', () => resolve(), { once: true })
})
clearInterval(alive)
await cluster.stop()
