// `make demo`: two real API servers, one with fake nodes, a real registry with damaged images, the operator as a process
// of its own, and what kubectl and tallyman show of it. In a terminal it then waits for Ctrl-C; elsewhere it ends by itself.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import { contextsKubeconfig } from '#test/harness/cluster/contexts.ts'
import { type ClusterOptions, startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { startOperator } from '#test/harness/operator.ts'
import { startRegistry } from '#test/harness/registry.ts'
import { startTallyman } from '#test/harness/tallyman.ts'
import { eventually } from '#test/harness/wait.ts'
import { credentialObjects, kubeconfigSecret, sampleObjects, workloadObjects } from './demo/objects.ts'
import { tellPolicy } from './demo/policy.ts'
import { tellRealNode } from './demo/real-node.ts'
import { tellStory } from './demo/story.ts'
import { terminal } from './demo/terminal.ts'
import { untilAborted } from './demo/until-aborted.ts'

const NAMESPACE = 'default'
const CHECK = 'registrycheck/in-use'
const INVENTORY = 'imageinventory/everything'
/** By convention: 128 and the number of the signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
const interrupted = new AbortController()
const { signal } = interrupted
/** What runs, in the order in which it was started. */
const running: { stop(): Promise<unknown> }[] = []
let isToldOnce = false

// A second one ends this process at once; the watchdog of the harness then ends everything else.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    process.exitCode = isToldOnce ? 0 : EXIT_CODES[name]
    interrupted.abort(new Error(name))
  })
}

try {
  await demo()
} catch (error) {
  if (!signal.aborted) {
    console.error(error)
    process.exitCode = 1
  }
} finally {
  await terminal.step('Stopping', stopAll)
}

async function demo(): Promise<void> {
  terminal.title('Tallyman demo')
  const registry = await step('Starting a registry (docker-registry 2.8, TLS, password)', () =>
    startRegistry({
      version: '2.8',
      tls: true,
      auth: { kind: 'basic', username: 'puller', password: 'demo' },
      signal,
    }),
  )
  running.push(registry)
  const story = tellStory(registry)
  terminal.line(`It holds ${story.images} images at ${registry.host}. Damaged on its disk:`)
  for (const { image, what } of story.damages) terminal.line(`  ${image}: ${what}`)

  const { cluster, edge } = await step(
    'Starting etcd, kube-apiserver, controllers, scheduler and a fake node, and a second cluster',
    startClusters,
  )
  const deployments = story.workloads.length + story.edge.length
  await step(
    `Applying ${deployments} Deployments, ${story.edge.length} of them in the second cluster, at 0 replicas`,
    () =>
      Promise.all([cluster.apply(workloadObjects(story.workloads)), edge.apply(workloadObjects(story.edge))]),
  )
  const secret = await step(
    'Applying config/samples, and a Secret with the kubeconfig of the second cluster',
    async () => {
      const made = kubeconfigSecret(NAMESPACE, await readFile(await edge.operatorKubeconfig(), 'utf8'))
      const samples = sampleObjects(NAMESPACE, registry, '1m')
      await cluster.apply([made, ...credentialObjects(NAMESPACE, registry), ...samples])
      return made
    },
  )

  const logFile = path.join(cluster.stateDir, 'operator.log')
  const operator = await step('Starting the operator as ServiceAccount tallyman', async () =>
    startOperator({
      ...{ kubeconfig: await cluster.operatorKubeconfig(), logFile, signal },
      // By default a claim on a registry has to stand for a minute before anything is deleted there.
      args: ['--claim-interval', '2500ms'],
    }),
  )
  running.push(operator)

  const pods = story.workloads.reduce((sum, { replicas }) => sum + replicas, 0)
  await step(`Waiting for ${pods} pods`, () => podsRunning(cluster, pods))
  await step('Waiting for the verdict', async () => {
    await request(cluster, CHECK, 'first')
    await verdict(cluster, 'first', 'False')
  })

  terminal.title('What kubectl shows')
  await show(cluster, ['get', 'registries,imageinventories', '-o', 'wide'])
  await show(cluster, ['get', 'registrychecks'])
  await show(cluster, ['describe', CHECK])

  terminal.title('Who uses an image')
  const contexts = path.join(cluster.stateDir, 'demo.kubeconfig')
  const files = { local: cluster.adminKubeconfig, edge: edge.adminKubeconfig }
  await writeFile(contexts, await contextsKubeconfig(files), { mode: 0o600 })
  const ofBoth = ['--all-contexts', '--quiet']
  await tallyman(contexts, ['why', story.onlyAtEdge, '--no-policies', ...ofBoth])
  await tallyman(contexts, ['images', '--registry', `${registry.host}/kiosk`, '--output', 'names', ...ofBoth])

  terminal.title('A layer is put back')
  story.repair.run()
  terminal.line(`${story.repair.image} is complete again. Asking for a run at once:`)
  await request(cluster, CHECK, 'second')
  await step('Waiting for the second run', () => verdict(cluster, 'second', 'False'))
  await show(cluster, ['get', 'registrychecks', '-o', 'wide'])
  await show(cluster, ['events', '--for', CHECK])

  terminal.title('The second cluster is out of sight')
  await show(cluster, ['delete', 'secret', 'edge-kubeconfig'])
  await request(cluster, INVENTORY, 'without')
  await step('Waiting for what the inventory says', () =>
    inventory(cluster, { Synced: 'False', remembered: 1 }),
  )
  await show(cluster, ['get', 'imageinventories', '-o', 'wide'])
  await request(cluster, CHECK, 'third')
  await step('Waiting for the third run', () => verdict(cluster, 'third', 'Unknown'))
  await show(cluster, ['get', 'registrychecks', '-o', 'wide'])
  await tallyman(contexts, ['why', story.onlyAtEdge, '--no-policies', '--quiet'])
  await cluster.apply([secret])
  await request(cluster, INVENTORY, 'again')
  await step('The Secret is back. Waiting for both clusters', () =>
    inventory(cluster, { Synced: 'True', remembered: 0 }),
  )

  const stage = { cluster, signal, running, step, show: (args: string[]) => show(cluster, args) }
  await tellRealNode({ ...stage, operatorUrl: await operator.url() })
  await tellPolicy(stage)

  isToldOnce = true
  if (!terminal.isTerminal) return
  terminal.title('Try it yourself')
  const tags = path.join(registry.storageDir, 'docker/registry/v2/repositories/shop/cart/_manifests/tags')
  terminal.line(`  export PATH=${path.dirname(await program('kubectl'))}:$PATH KUBECONFIG=${contexts}`)
  terminal.line('  kubectl get tallyman')
  terminal.line('  kubectl explain registrycheck.spec')
  terminal.line(`  rm -r ${path.join(tags, 'v1.5')}`)
  terminal.line('  kubectl annotate registrycheck in-use tallyman.dev/requestedAt=$(date +%s) --overwrite')
  terminal.line('  kubectl get registrychecks -w')
  terminal.line(
    `  node_modules/.bin/node dist/tallyman.mjs why ${registry.host}/shop/cart:v1.5 --all-contexts`,
  )
  terminal.line(`  curl ${await operator.url()}/metrics | grep tallyman_check`)
  terminal.note(`Log of the operator: ${logFile}`)
  terminal.note('Ctrl-C stops everything.')
  await untilAborted(signal)
}

/** Both at once. What has started is stopped at the end, also where the other one fails. */
async function startClusters(): Promise<{ cluster: TestCluster; edge: TestCluster }> {
  const start = async (options: ClusterOptions) => {
    const started = await startCluster({ ...options, signal })
    running.push(started)
    return started
  }
  const starting = [
    start({ controllers: true, nodes: 1, crds: true }),
    start({ controllers: false }),
  ] as const
  await Promise.allSettled(starting)
  const [cluster, edge] = await Promise.all(starting)
  return { cluster, edge }
}

/** One step of the demo; none begins after an interrupt. */
async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  return terminal.step(label, work, signal)
}

/** Everything that runs, latest first. What does not stop keeps nothing else from stopping. */
async function stopAll(): Promise<void> {
  for (const each of running.toReversed()) {
    try {
      await each.stop()
    } catch (error) {
      console.error(error)
      process.exitCode = 1
    }
  }
}

async function show(cluster: TestCluster, args: string[]): Promise<void> {
  signal.throwIfAborted()
  const { stdout } = await cluster.kubectl(args)
  terminal.command(['kubectl', ...args], stdout)
}

/** A command of ours, and what it prints. */
async function tallyman(kubeconfig: string, args: string[]): Promise<void> {
  signal.throwIfAborted()
  const { stdout, stderr } = await startTallyman([...args, '--kubeconfig', kubeconfig]).result
  terminal.command(['tallyman', ...args], `${stdout}${stderr}`)
}

/** Has an object looked at now. */
async function request(cluster: TestCluster, object: string, token: string): Promise<void> {
  await cluster.kubectl(['annotate', '--overwrite', object, `tallyman.dev/requestedAt=${token}`])
}

/** Conditions are written at once, counts within five seconds. */
async function inventory(
  cluster: TestCluster,
  expected: { readonly Synced: 'True' | 'False'; readonly remembered: number },
): Promise<void> {
  const path_ = '{.status.conditions[?(@.type=="Synced")].status} {.status.remembered}'
  await eventually(
    async () => {
      const { stdout } = await cluster.kubectl(['get', INVENTORY, '-o', `jsonpath=${path_}`])
      return stdout === `${expected.Synced} ${expected.remembered}`
    },
    { timeoutMs: 60_000, message: `an inventory that is Synced=${expected.Synced}`, signal },
  )
}

async function verdict(cluster: TestCluster, token: string, status: string): Promise<void> {
  const path_ = '{.status.lastHandledReconcileAt} {.status.conditions[?(@.type=="Healthy")].status}'
  await eventually(
    async () => {
      const { stdout } = await cluster.kubectl(['get', CHECK, '-o', `jsonpath=${path_}`])
      return stdout === `${token} ${status}`
    },
    { timeoutMs: 60_000, message: `verdict ${status} for request ${token}`, signal },
  )
}

async function podsRunning(cluster: TestCluster, count: number): Promise<void> {
  await eventually(
    async () => {
      const { stdout } = await cluster.kubectl([
        'get',
        'pods',
        '-A',
        '--field-selector=status.phase=Running',
        '-o',
        'name',
      ])
      return stdout.split('\n').filter(Boolean).length >= count
    },
    { timeoutMs: 60_000, message: `${count} running pods`, signal },
  )
}
