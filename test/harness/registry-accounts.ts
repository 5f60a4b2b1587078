import { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { RegistryPool } from '#registry/pool.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { type FaultProxy, type RequestMatch, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const RIGHTS = ['pull', 'push', 'delete'] as const
const REGISTRIES = ['main', 'ops'] as const
const NAMES = REGISTRIES.flatMap((name) => RIGHTS.map((right) => `${name}-${right}`))
const PASSWORD = 'secret'

/** A registry that two Registries of a cluster name, each with three accounts, which Secrets of it hold. */
export interface RegistryAccounts {
  readonly registry: TestRegistry
  readonly proxy: FaultProxy
  readonly storage: StorageWriter
  readonly access: RegistryAccess
  /** `main` has its workspace in `ops`, but for what `spec` says otherwise. */
  object(name: (typeof REGISTRIES)[number], spec?: object): RegistryObject
  readonly registries: { get(key: string): RegistryObject | undefined; list(): RegistryObject[] }
  /** The accounts that have asked for what matches, and were let. @param since only what came behind so many requests */
  who(match: Pick<RequestMatch, 'method' | 'path'>, since?: number): string[]
  /** What every tag of a repository names. */
  tags(repository: string): Promise<Readonly<Record<string, string>>>
  stop(): Promise<void>
}

export async function startRegistryAccounts(): Promise<RegistryAccounts> {
  const [username = '', ...others] = NAMES
  const cluster = await borrowCluster()
  const { namespace } = cluster
  await cluster.apply(
    NAMES.map((name) => ({
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth' },
      ...{ metadata: { namespace, name }, stringData: { username: name, password: PASSWORD } },
    })),
  )
  const connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  const registry = await startRegistry({
    version: '2.8',
    auth: { kind: 'basic', username, password: PASSWORD, others },
  })
  const proxy = await startFaultProxy({ upstream: registry.url })
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  const direct = pool.client({
    ...{ url: registry.url, limits: { concurrency: 8 } },
    credential: { kind: 'basic', username, password: PASSWORD },
  })
  const object: RegistryAccounts['object'] = (name, spec = {}) => {
    const credentials = Object.fromEntries(
      RIGHTS.map((right) => [right, { secretRef: { name: `${name}-${right}` } }]),
    )
    const workspace = name === 'main' ? { registryRef: { name: 'ops' }, prefix: 'tallyman' } : undefined
    return {
      ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry', metadata: { name, namespace, uid: name } },
      spec: { url: proxy.url, credentials, workspace, ...spec },
    }
  }
  const all = REGISTRIES.map((name) => object(name))
  return {
    ...{ registry, proxy, object, storage: new StorageWriter(registry.storageDir) },
    access: new RegistryAccess(pool, new SecretCache(new KubeClient(connection), systemClock), {}),
    registries: {
      get: (key) => all.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
      list: () => all,
    },
    who: ({ method, path = '' }, since = 0) => {
      const asked = proxy.requests.filter(
        ({ n, status, ...each }) =>
          n > since && status !== 401 && each.path.search(path) >= 0 && [method].flat().includes(each.method),
      )
      return [...new Set(asked.map(({ account }) => account ?? 'nobody'))].sort()
    },
    tags: async (repository) => {
      const named: Record<string, string> = {}
      for await (const page of direct.tags(repository))
        for (const tag of page) named[tag] = (await direct.headManifest(repository, tag)).digest
      return named
    },
    stop: async () => {
      await proxy.stop()
      await pool.close()
      await registry.stop()
      await connection.close()
      await cluster.stop()
    },
  }
}
