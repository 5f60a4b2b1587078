import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import { Inventories } from '#clusters/inventories.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { RegistryAccess } from '#controllers/registry-access.ts'
import { RegistryClaims } from '#controllers/registry-claims.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import { compilePins } from '#inventory/pins.ts'
import { KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import { PODS } from '#kube/resource.ts'
import { RegistryPool } from '#registry/pool.ts'
import { basicAuthSecret, credentialsBinding } from '#test/e2e/support/objects.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { clusterOver, inventoryConfig, PODS_ONLY } from '#test/harness/live-inventory.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const TIMES = { lookMs: 150, heldMs: 2_500, settleMs: 3_000, sharedMs: 300, aloneMs: 600_000 }
const apiVersion = 'tallyman.dev/v1alpha1'

const OWN_PODS = ['one.example/app:1', 'two.example/app:1'] as const

let clusters: readonly TestCluster[] = []
let site: EvictionSite
const operators: Operator[] = []

beforeAll(async () => {
  clusters = await Promise.all(OWN_PODS.map(() => borrowCluster()))
  site = await startEvictionSite('2.8')
  await Promise.all(clusters.map((cluster, at) => createPod(cluster, OWN_PODS[at] ?? '')))
})
afterEach(async () => {
  await Promise.all(operators.splice(0).map((operator) => operator.stop()))
  for (const tag of await tags()) await remove(tag)
})
afterAll(async () => {
  await Promise.all([site?.stop(), ...clusters.map((cluster) => cluster.stop())])
})

async function createPod(cluster: TestCluster, image: string): Promise<void> {
  const connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  const metadata = { name: 'app', namespace: cluster.namespace }
  const spec = { containers: [{ name: 'main', image }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  await new KubeClient(connection).create(PODS, pod)
  await connection.close()
}

/** One process of an operator in a cluster. */
class Operator {
  registry: RegistryObject
  readonly claims: RegistryClaims
  policies: readonly RegistryPolicyObject[] = []
  /** How often the claims have looked for policies. */
  looks = 0
  readonly warnings: object[] = []
  readonly client: KubeClient
  readonly #connection: ClusterConnection
  readonly #inventories: Inventories
  readonly #pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  readonly #term = new AbortController()
  #leading: Promise<void> = Promise.resolve()

  private constructor(connection: ClusterConnection, url: string) {
    const clock = systemClock
    const fence = { requestTimeoutMs: 5_000, assertLeader: () => this.#assertLeader() }
    this.#connection = connection
    this.client = new KubeClient(connection)
    this.registry = {
      apiVersion,
      kind: 'Registry',
      metadata: { name: 'main', namespace: 'ci' },
      spec: { url },
    }
    const { client } = this
    const ledger = { client, fence, namespace: OPERATOR_NAMESPACE }
    this.#inventories = new Inventories({ ledger, clock, log: silentLog })
    this.configure({})
    const warn = (fields: object) => {
      this.warnings.push(fields)
    }
    const log: Log = { ...silentLog, warn, child: () => log }
    this.claims = new RegistryClaims({
      access: new RegistryAccess(this.#pool, new SecretCache(client, clock), {}),
      live: this.#inventories,
      ...{ wanted: () => [], left: { read: async () => [] } },
      policies: { list: () => this.#look() },
      registries: { get: () => this.registry },
      ...{ client, fence, clock, log, times: TIMES },
      ...{ operator: 'tallyman', process: crypto.randomUUID() },
    })
    operators.push(this)
  }

  #look(): RegistryPolicyObject[] {
    this.looks += 1
    return [...this.policies]
  }

  /** In one of the clusters. */
  static async start(at: number): Promise<Operator> {
    const kubeconfig = (await clusters[at]?.operatorKubeconfig()) ?? ''
    return new Operator(await connect({ kubeconfig, clock: systemClock }), site.proxy.url).#lead()
  }

  #lead(): this {
    const { signal } = this.#term
    this.#leading = Promise.all([this.#inventories.lead(signal), this.claims.lead(signal)]).then(
      () => undefined,
    )
    return this
  }

  configure(changes: Partial<InventoryConfig>): void {
    const clusters = [clusterOver('local', this.#connection)]
    this.#inventories.configure('ci/all', inventoryConfig(clusters, { sources: PODS_ONLY, ...changes }))
  }

  hold(): Promise<void> {
    return this.claims.hold(this.registry, this.#term.signal)
  }

  get obstacle(): string | undefined {
    return this.#problem?.code
  }

  get message(): string {
    return this.#problem?.message ?? ''
  }

  get #problem(): TallymanError | undefined {
    try {
      this.claims.assertHeld(this.registry)
      return undefined
    } catch (error) {
      return asTallymanError(error)
    }
  }

  get used(): readonly string[] {
    return this.claims.claimsOf(this.registry).flatMap(({ images }) => images)
  }

  async loseLease(): Promise<void> {
    this.#term.abort(new TallymanError('LEADERSHIP_LOST', 'another leads'))
    await this.#leading
  }

  async stop(): Promise<void> {
    await this.#inventories.stop()
    await this.loseLease()
    await this.#pool.close()
    await this.#connection.close()
  }

  #assertLeader(): void {
    if (this.#term.signal.aborted) throw new TallymanError('LEADERSHIP_LOST', 'another leads')
  }
}

function policy(mode: string): RegistryPolicyObject {
  const rules = [{ name: 'all', repositories: ['**'], keep: { newest: 1 } }]
  const spec = { mode, rules, registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
  return { apiVersion, kind: 'RegistryPolicy', metadata: { name: 'tidy', namespace: 'ci' }, spec }
}

async function tags(): Promise<string[]> {
  try {
    return Object.keys(await site.tags(CLAIMS_REPOSITORY))
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT')) return []
    throw error
  }
}

async function digestOf(tag: string): Promise<string> {
  return (await site.direct.headManifest(CLAIMS_REPOSITORY, tag)).digest
}

async function remove(tag: string): Promise<void> {
  await site.direct.deleteManifest(CLAIMS_REPOSITORY, await digestOf(tag), {
    ...{ signal: new AbortController().signal, guard: async () => undefined, audit: () => undefined },
  })
}

describe('S01: the claims of an installation', () => {
  test('are kept while policies may delete there, whether one does or not', async () => {
    const operator = await Operator.start(0)
    const tag = `${await readClusterIdentity(operator.client)}.tallyman`
    operator.policies = [policy('DryRun')]
    await eventually(() => operator.looks > 2)
    expect(await tags()).toEqual([])
    expect(operator.obstacle).toBe('CLAIM_LOST')
    operator.policies = [policy('Approve')]
    await eventually(() => operator.obstacle === undefined)
    expect(await tags()).toEqual([tag])
    await operator.loseLease()
    expect(operator.obstacle).toBe('CLAIM_LOST')
    await expect(operator.hold()).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
  })

  test('are kept by one that only watches, too, where its Registry gives the right to push', async () => {
    const [cluster] = clusters
    const operator = await Operator.start(0)
    const namespace = cluster?.namespace ?? ''
    await cluster?.apply([
      credentialsBinding(namespace),
      basicAuthSecret({ namespace, name: 'push' }, 'ci', 'secret'),
    ])
    const { metadata, ...rest } = operator.registry
    const credentials = { push: { secretRef: { name: 'push' } } }
    operator.registry = {
      ...rest,
      metadata: { ...metadata, namespace },
      spec: { url: site.proxy.url, credentials },
    }
    operator.policies = [policy('DryRun')]
    await eventually(async () => (await tags()).length === 1)
  })

  test('are held beside those of another one, and what that uses counts here', async () => {
    const [one, two] = [await Operator.start(0), await Operator.start(1)]
    for (const operator of [one, two]) operator.policies = [policy('Enforce')]
    await Promise.all([one.hold(), two.hold()])
    expect([one.used, two.used]).toEqual([[OWN_PODS[1]], [OWN_PODS[0]]])
    // Each says by which ledger it remembers what it uses (S02).
    const ledgersOf = ({ claims, registry }: Operator) =>
      claims.claimsOf(registry).flatMap(({ ledgers = [] }) => ledgers)
    await eventually(() => [one, two].every((operator) => ledgersOf(operator)[0]?.isKept === true))
    const ids = [one, two].map((operator) => ledgersOf(operator).map(({ inventory, id }) => [inventory, id]))
    expect(ids).toEqual([[['ci/all', expect.any(String)]], [['ci/all', expect.any(String)]]])
    expect(ids[0]).not.toEqual(ids[1])
    // What a heartbeat has replaced is taken away.
    const [tag = ''] = await tags()
    const digest = await digestOf(tag)
    await eventually(
      async () => (await digestOf(tag)) !== digest && !(await site.has(CLAIMS_REPOSITORY, digest)),
    )
    await eventually(() => one.obstacle === undefined && two.obstacle === undefined)
  })

  test('say which limit they exceed, and what to do, to the others and in the log', async () => {
    const [one, two] = [await Operator.start(0), await Operator.start(1)]
    two.configure({ pins: compilePins(Array.from({ length: 5_001 }, (_, at) => `app${at}/*`)) })
    for (const operator of [one, two]) operator.policies = [policy('Enforce')]
    const reason =
      'more than 5000 pins that are patterns: pin less in the ImageInventories of the operator that writes it'
    await eventually(() => one.message.endsWith(reason))
    expect(one.obstacle).toBe('CLAIM_FOREIGN')
    const told = () => two.warnings.filter((fields) => 'registry' in fields)
    expect(told()).toEqual([{ registry: 'ci/main', reason }])
    two.configure({})
    await eventually(() => one.obstacle === undefined && two.obstacle === undefined)
    expect(told()).toHaveLength(1)
  })

  test('forbid deleting where two operators of one cluster hold them', async () => {
    const all = [await Operator.start(0), await Operator.start(0)]
    for (const operator of all) operator.policies = [policy('Enforce')]
    const ended = await Promise.allSettled(all.map((operator) => operator.hold()))
    expect(ended.map((each) => each.status === 'rejected' && asTallymanError(each.reason).code)).toEqual([
      'CLAIM_SECOND_OPERATOR',
      'CLAIM_SECOND_OPERATOR',
    ])
  })

  test('are not held where nothing can be written, and it is said why', async () => {
    site.proxy.rule({ kind: 'status', status: 403 }, { method: ['PUT', 'POST'] })
    const operator = await Operator.start(0)
    operator.policies = [policy('Enforce')]
    await expect(operator.hold()).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
    expect(operator.obstacle).toBe('CLAIM_LOST')
    site.proxy.clear()
    await operator.hold()
  })
})
