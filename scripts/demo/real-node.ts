import { PURPOSES, prepareGroup } from '#test/harness/binaries/programs.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { containerImage } from '#test/harness/images.ts'
import { nodeObstacle } from '#test/harness/node/obstacle.ts'
import { startNode, type TestNode } from '#test/harness/node.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { realNodeObjects, SHOP_HOST } from './objects.ts'
import { terminal } from './terminal.ts'

const PODS = ['--namespace', 'default', '--selector', 'app=web'] as const
const CHECK = 'registrycheck/shop'
const IMAGE = containerImage({ seed: 'shop', runnable: true })
const REPAIR = '{"spec":{"repair":{"fromRef":{"name":"mirror"},"mode":"Copy"}}}'

export interface RealNodeStage {
  readonly cluster: TestCluster
  readonly operatorUrl: string
  readonly signal: AbortSignal
  /** To be stopped at the end, whatever happens. */
  readonly running: { stop(): Promise<unknown> }[]
  step<T>(label: string, work: () => Promise<T>): Promise<T>
  show(args: string[]): Promise<void>
}

/** From a finding to the pull that really fails, and to the repair; where no node can run, one line says why. */
export async function tellRealNode(stage: RealNodeStage): Promise<void> {
  terminal.title('A real node')
  const obstacle = (await nodeObstacle()) ?? (await missingProgram())
  stage.signal.throwIfAborted()
  if (obstacle !== undefined) {
    terminal.line(`This chapter is left out: no real node can run here: ${obstacle}`)
    return
  }
  const { cluster, step, show } = stage
  const { node, shop, mirror } = await step(
    'Starting two more registries, and a kubelet with containerd',
    () => startParts(stage),
  )
  await step(`Applying a Deployment of ${SHOP_HOST}/web:1, and a RegistryCheck`, () =>
    cluster.apply(realNodeObjects('default', node.name, { shop, mirror })),
  )
  await step('Waiting for its pod', () => podIs(stage, 'Running'))
  await step('Waiting for the check', () => healthIs(stage, 'True'))
  await step('Waiting until the node says what it has in its cache', () => isCached(stage, node.name))
  await show(['get', 'pods', ...PODS, '--output', 'wide'])

  damage('layer-missing', { storageDir: shop.storageDir, repository: 'web', reference: '1' })
  terminal.line(`A layer of ${SHOP_HOST}/web:1 is removed from the disk of the registry. The pod runs on.`)
  await show(['annotate', CHECK, 'tallyman.dev/requestedAt=1'])
  await step('Waiting for the run', () => healthIs(stage, 'False'))
  await show(['get', CHECK, '--output', 'wide'])
  const nagios = `${stage.operatorUrl}/nagios/default/shop`
  terminal.command(['curl', '--silent', nagios], await (await fetch(nagios, { signal: stage.signal })).text())

  terminal.line('The machine is lost. One without any image takes its place, and the pod with it.')
  await step('Replacing the node', async () => {
    await node.stop()
    await startShopNode(stage, shop)
  })
  await show(['delete', 'pods', ...PODS, '--force', '--grace-period=0'])
  await step('Waiting for the kubelet', () => podIs(stage, 'ErrImagePull|ImagePullBackOff'))
  await show(['get', 'pods', ...PODS])
  await show(['get', 'pods', ...PODS, '--output', `jsonpath={${STATUS}.state.waiting.message}`])

  await show(['patch', CHECK, '--type=merge', '--patch', REPAIR])
  await step('Waiting for the repair', () => healthIs(stage, 'True'))
  await show(['get', CHECK, '--output', 'wide'])
  await show(['get', CHECK, '--output', 'jsonpath={.status.repair}'])
  await show(['events', '--for', CHECK])
  await show(['delete', 'pods', ...PODS])
  await step('Waiting for its pod', () => podIs(stage, 'Running'))
  await show(['get', 'pods', ...PODS])
}

/** What of a node can't be had here, in one line. */
async function missingProgram(): Promise<string | undefined> {
  try {
    for (const group of PURPOSES.node ?? []) await prepareGroup(group)
    return undefined
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error))
    return message.split('\n')[0]
  }
}

interface Parts {
  readonly node: TestNode
  readonly shop: TestRegistry
  readonly mirror: TestRegistry
}

async function startParts(stage: RealNodeStage): Promise<Parts> {
  const { running, signal } = stage
  const start = async (version: '2.8' | '3') => {
    const registry = await startRegistry({ version, signal })
    running.push(registry)
    new StorageWriter(registry.storageDir).write('web', IMAGE, '1')
    return registry
  }
  const shop = await start('2.8')
  const mirror = await start('3')
  return { node: await startShopNode(stage, shop), shop, mirror }
}

/** With an empty image store, also where it takes the place of another. */
async function startShopNode(
  { cluster, running, signal }: RealNodeStage,
  shop: TestRegistry,
): Promise<TestNode> {
  const node = await startNode(cluster, { registries: [{ host: SHOP_HOST, url: shop.url }], signal })
  running.push(node)
  return node
}

async function isCached({ cluster, signal }: RealNodeStage, nodeName: string): Promise<void> {
  const args = ['get', 'node', nodeName, '--output', 'jsonpath={.status.images[*].names}']
  await eventually(async () => (await cluster.kubectl(args)).stdout.includes(`${SHOP_HOST}/web:1`), {
    ...{ timeoutMs: 60_000, intervalMs: 200, message: 'the image in the status of the node', signal },
  })
}

const STATUS = '.items[*].status.containerStatuses[*]'

/** @param state what its container is: Running, or one of the reasons why it waits, with `|` between */
async function podIs({ cluster, signal }: RealNodeStage, state: string): Promise<void> {
  const output = `jsonpath={${STATUS}.state.waiting.reason}{range ${STATUS}.state.running}Running{end}`
  await eventually(
    async () => {
      const { stdout } = await cluster.kubectl(['get', 'pods', ...PODS, '--output', output])
      return state.split('|').includes(stdout)
    },
    { timeoutMs: 60_000, intervalMs: 200, message: `a pod that is ${state}`, signal },
  )
}

async function healthIs({ cluster, signal }: RealNodeStage, status: string): Promise<void> {
  const output = 'jsonpath={.status.conditions[?(@.type=="Healthy")].status}'
  await eventually(
    async () => (await cluster.kubectl(['get', CHECK, '--output', output])).stdout === status,
    { timeoutMs: 60_000, intervalMs: 200, message: `the check to be Healthy=${status}`, signal },
  )
}
