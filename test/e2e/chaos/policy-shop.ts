import { REGISTRY_POLICIES } from '#controllers/resources.ts'
import type { KubeObject } from '#kube/objects.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import { containerImage, imageIndex, LINUX_AMD64, type TestImage } from '#test/harness/images.ts'
import { openJournals } from '#test/harness/open-intents.ts'
import { named } from '#test/harness/pull.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import type { Api } from '../support/api.ts'
import { type Place, pod, registry, registryPolicy } from '../support/objects.ts'
import { LEASE } from './lane.ts'

/** A claim that was read longer ago than three of these stops a run for minutes, and a machine may be busy. */
export const OPERATOR_ARGS = [...LEASE, '--claim-interval', '1500ms']

/** Tags of one image each, in every repository of a shop; `first` names v1 too, and `latest` v4. */
type Images = Readonly<Record<'v1' | 'v2' | 'v3' | 'v4', TestImage>>
/** What stays of them: v3 is used, v4 is the newest. */
const STAYS = ['v3', 'v4'] as const
/** Tags that go. */
const GOING = 3

/** What the state of a round is when all that goes is gone. */
export const ENDED = {
  tags: { v3: 'v3', v4: 'v4', latest: 'v4' },
  there: [undefined, undefined, undefined, 'v3', 'v4'],
  pulled: ['whole', 'whole'],
  open: [],
}

export interface ShopState {
  /** By tag, which of the images it names. */
  readonly tags: Readonly<Record<string, string | undefined>>
  /** Of every manifest: its image, where it is there. */
  readonly there: readonly (string | undefined)[]
  readonly pulled: readonly ('whole' | 'in part')[]
  /** What of any journal has no end. */
  readonly open: readonly unknown[]
}

/** A registry with a policy that carries out the plans that are approved: one repository a round. */
export class PolicyShop {
  readonly place: Place
  readonly server: TestRegistry
  readonly front: FaultProxy
  readonly #skopeo: ForeignClient

  private constructor(place: Place, server: TestRegistry, front: FaultProxy, skopeo: ForeignClient) {
    this.place = place
    this.server = server
    this.front = front
    this.#skopeo = skopeo
  }

  static async start(namespace: string, version: RegistryVersion): Promise<PolicyShop> {
    const place = { namespace, name: `shop-${version.replace('.', '-')}` }
    const server = await startRegistry({ version })
    const front = await startFaultProxy({ upstream: server.url })
    return new PolicyShop(place, server, front, await foreignClient('skopeo', server))
  }

  async stop(): Promise<void> {
    await this.front.stop()
    await this.server.stop()
    await this.#skopeo.close()
  }

  /** Its Registry and its RegistryPolicy. */
  objects(): KubeObject[] {
    const { place, front } = this
    const references = { registryRef: { name: place.name }, mode: 'Approve', onEvict: 'Delete' }
    return [
      registry(place, { url: front.url, workspace: { prefix: 'ops' } }),
      registryPolicy(place, {
        ...references,
        rules: [{ name: 'newest', repositories: ['**'], keep: { newest: 1, youngerThan: '1s' } }],
        limits: { minImagesInUse: 0, maxEvictionPercent: 100 },
        interval: '1h',
      }),
    ]
  }

  /** Puts the repository of a round there. @returns the pod that uses v3 of it */
  fill(round: string): KubeObject {
    const repository = this.#repository(round)
    const writer = new StorageWriter(this.server.storageDir)
    const images = imagesOf(repository)
    for (const [tag, image] of Object.entries(images)) writer.write(repository, image, tag)
    writer.write(repository, images.v1, 'first')
    writer.write(repository, images.v4, 'latest')
    const { namespace, name } = this.place
    return pod({ namespace, name: `${name}-${round}` }, `${this.front.host}/${repository}:v3`)
  }

  /** Asks for plans until one lets go of what is old enough. @returns what approves it */
  async planned(api: Api): Promise<() => Promise<void>> {
    const digest = await eventually(
      async () => {
        const { status } = await api.plan(this.place)
        return status?.plan?.evict === GOING ? status.plan.digest : undefined
      },
      { message: `a plan of ${this.place.name} over all that goes`, timeoutMs: 60_000 },
    )
    return () => api.patch(REGISTRY_POLICIES, this.place, { spec: { approvedPlan: digest } })
  }

  /** Waits until the plan that is approved has been carried out. @returns the phase in which its run ended */
  ended(api: Api): Promise<string> {
    const phase = async () => {
      const { spec, status } = await api.policy(this.place)
      const { run } = status ?? {}
      const isOver = run?.plan === Reflect.get(Object(spec), 'approvedPlan') && run?.finishedAt !== undefined
      return isOver ? run.phase : undefined
    }
    return eventually(phase, { message: `the end of the run of ${this.place.name}`, timeoutMs: 90_000 })
  }

  /**
   * What stands in the repository of a round, and what of any journal is open.
   * @throws ForeignClientError where skopeo cannot pull what is used, or what is the newest
   */
  async state(round: string): Promise<ShopState> {
    const { wire } = this.server
    const repository = this.#repository(round)
    const images = imagesOf(repository)
    const tagged = await Promise.all(
      [...Object.keys(images), 'first', 'latest'].map(async (tag) => {
        const digest = await named(wire, repository, tag)
        const [image] = Object.entries(images).find(([, { manifest }]) => manifest.digest === digest) ?? []
        return [tag, digest && (image ?? 'a placeholder')]
      }),
    )
    const manifests = Object.entries(images).flatMap(([image, { manifest, children }]) =>
      [manifest, ...children.map((child) => child.manifest)].map(({ digest }) => ({ image, digest })),
    )
    const there = await Promise.all(
      manifests.map(async ({ image, digest }) => (await named(wire, repository, digest)) && image),
    )
    const pulled = await Promise.all(
      STAYS.map(async (tag) => {
        const arrived = await this.#skopeo.pull(`${this.server.host}/${repository}:${tag}`)
        const { manifest, blobs } = images[tag]
        return [manifest, ...blobs].every(({ digest }) => arrived.has(digest)) ? 'whole' : 'in part'
      }),
    )
    return { tags: Object.fromEntries(tagged), there, pulled, open: await openJournals(wire, 'ops') }
  }

  #repository(round: string): string {
    return `${this.place.name}/${round}`
  }
}

function imagesOf(repository: string): Images {
  return {
    v1: build(`${repository}/v1`, 50),
    v2: imageIndex('oci', [{ image: build(`${repository}/v2`, 40), platform: LINUX_AMD64 }]),
    v3: build(`${repository}/v3`, 30),
    v4: build(`${repository}/v4`, 20),
  }
}

function build(seed: string, age: number): TestImage {
  return containerImage({ seed, created: new Date(Date.UTC(2026, 0, 60 - age)).toISOString() })
}
