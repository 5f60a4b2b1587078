import type { TestCluster } from '#test/harness/cluster.ts'
import { collectGarbage } from '#test/harness/garbage-collection.ts'
import { imageSeries } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { workloadObjects } from './objects.ts'
import { policyObjects } from './policy-objects.ts'
import { terminal } from './terminal.ts'

const POLICY = 'registrypolicy/builds'
const REPOSITORY = 'apps/api'
const BUILDS = 8

export interface PolicyStage {
  readonly cluster: TestCluster
  readonly signal: AbortSignal
  /** To be stopped at the end, whatever happens. */
  readonly running: { stop(): Promise<unknown> }[]
  step<T>(label: string, work: () => Promise<T>): Promise<T>
  show(args: string[]): Promise<void>
}

/** From a plan to its approval, to what goes, through a garbage collection, and back. */
export async function tellPolicy(stage: PolicyStage): Promise<void> {
  const { cluster, step, show } = stage
  terminal.title('What may go')
  const { registry, used } = await step('Starting a registry of builds (docker-registry 2.8)', () =>
    startBuilds(stage),
  )
  const image = (tag: string) => `${registry.host}/${REPOSITORY}:${tag}`
  terminal.line(`It holds ${BUILDS} builds of ${REPOSITORY}; a Deployment runs v1.4.`)
  terminal.line('The rule: the 2 newest stay, and the one before each that is in use.')
  await step('Applying a Registry and a RegistryPolicy, and waiting for the plan', async () => {
    const workload = { namespace: 'apps', name: 'api', image: image('v1.4'), imageID: used, replicas: 1 }
    await cluster.apply([...workloadObjects([workload]), ...policyObjects(registry)])
    await policySays(stage, 'status.conditions[?(@.type=="PlanReady")].status', 'True')
  })
  await show(['get', 'registrypolicies'])
  await show(['get', POLICY, '--output', `jsonpath=${EVICTIONS}`])
  terminal.line('And what stands against carrying it out, unless somebody approves it all the same:')
  await show(['get', POLICY, '--output', 'jsonpath={.status.blocks[*].message}'])
  const digest = await policyField(stage, 'status.plan.digest')

  terminal.title('A human approves the plan')
  const approval = { spec: { mode: 'Approve', approvedPlan: digest } }
  await show(['patch', POLICY, '--type=merge', '--patch', JSON.stringify(approval)])
  await step('Waiting until it is carried out: copied to the trash, untagged, swept', () =>
    policySays(stage, 'status.run.phase', 'Succeeded'),
  )
  await show(['get', POLICY, '--output', 'jsonpath={.status.history[0]}'])
  await showTags(stage, registry)
  const collected = await step('Stopping the registry, collecting its garbage, starting it again', () =>
    collect(registry),
  )
  terminal.line(`It says: ${collected}. What lies in the trash is still there.`)

  terminal.title('What went comes back')
  terminal.line('Somebody rolls back to v1.1, which is gone:')
  await show(['set', 'image', '--namespace=apps', 'deployment/api', `app=${image('v1.1')}`])
  await step('Waiting for it', () => hasTag(stage, registry, 'v1.1'))
  await showTags(stage, registry)
  terminal.line('And v1.5 is wanted after all:')
  const restore = { spec: { restore: [{ repository: REPOSITORY, tag: 'v1.5' }] } }
  await show(['patch', POLICY, '--type=merge', '--patch', JSON.stringify(restore)])
  await step('Waiting for it', () => hasTag(stage, registry, 'v1.5'))
  await showTags(stage, registry)
  await show(['events', '--for', POLICY])
}

const EVICTIONS = '{range .status.evictions[*]}{.image}: {.reason}{"\\n"}{end}'

/** @returns the registry, and what a node that runs v1.4 says it runs */
async function startBuilds({
  running,
  signal,
}: PolicyStage): Promise<{ registry: TestRegistry; used: string }> {
  const registry = await startRegistry({ version: '2.8', signal })
  running.push(registry)
  const storage = new StorageWriter(registry.storageDir)
  let used = ''
  const builds = imageSeries({ seed: REPOSITORY, count: BUILDS, layerSize: 4096 })
  for (const [build, image] of [...builds].entries()) {
    storage.write(REPOSITORY, image, `v1.${build}`)
    if (build === 4) used = `${registry.host}/${REPOSITORY}@${image.manifest.digest}`
  }
  return { registry, used }
}

/** Nothing is pushed while it does that: it is stopped. @returns what it says of itself, in a line */
async function collect(registry: TestRegistry): Promise<string> {
  await registry.down()
  const said = await collectGarbage(registry)
  await registry.up()
  return said.split('\n').find((line) => line.includes(' blobs marked, ')) ?? ''
}

async function tagsOf(registry: TestRegistry): Promise<string> {
  const { body } = await registry.wire.send({ path: `/v2/${REPOSITORY}/tags/list` })
  return body.toString()
}

async function showTags({ signal }: PolicyStage, registry: TestRegistry): Promise<void> {
  signal.throwIfAborted()
  terminal.command(['curl', `${registry.url}/v2/${REPOSITORY}/tags/list`], await tagsOf(registry))
}

async function hasTag({ signal }: PolicyStage, registry: TestRegistry, tag: string): Promise<void> {
  await eventually(async () => (await tagsOf(registry)).includes(`"${tag}"`), {
    ...{ timeoutMs: 150_000, intervalMs: 100, message: `the tag ${tag}`, signal },
  })
}

async function policyField({ cluster }: PolicyStage, field: string): Promise<string> {
  const { stdout } = await cluster.kubectl(['get', POLICY, '--output', `jsonpath={.${field}}`])
  return stdout
}

async function policySays(stage: PolicyStage, field: string, wanted: string): Promise<void> {
  try {
    await eventually(async () => (await policyField(stage, field)) === wanted, {
      ...{ timeoutMs: 150_000, intervalMs: 200, message: `${field} ${wanted}`, signal: stage.signal },
    })
  } catch (error) {
    // Who sees it fail wants to know what the policy says instead.
    if (!stage.signal.aborted) await stage.show(['get', POLICY, '--output', 'jsonpath={.status}'])
    throw error
  }
}
