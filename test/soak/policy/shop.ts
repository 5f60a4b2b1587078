import { type FaultProxy, type RecordedRequest, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { pushImage } from '#test/harness/push.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { build } from './builds.ts'
import type { Used } from './oracle.ts'

export const REPOSITORIES = 4
/** Tags that a rule keeps for their name. */
export const KEPT_TAG = 'keep-1'
export const PREFIX = 'ops'

/** One real registry behind a fault proxy, with a policy of its own. */
export interface Shop {
  readonly name: string
  readonly server: TestRegistry
  /** What the operator and the pods know it by; CI and the oracle go past it. */
  readonly front: FaultProxy
  readonly repositories: readonly string[]
  readonly onEvict: 'Trash' | 'Delete'
}

export async function startShop(
  version: RegistryVersion,
  onEvict: Shop['onEvict'],
  signal: AbortSignal,
): Promise<Shop> {
  const server = await startRegistry({ version, signal })
  const front = await startFaultProxy({ upstream: server.url, remember: 1 })
  const name = `shop-${version.replace('.', '-')}`
  const repositories = Array.from({ length: REPOSITORIES }, (_, n) => `${name}/app-${n}`)
  for (const repository of repositories) await pushImage(server, repository, build(repository, 0), KEPT_TAG)
  return { name, server, front, repositories, onEvict }
}

export async function stopShop({ front, server }: Shop): Promise<void> {
  await front.stop()
  await server.stop()
}

/** What a request takes away or puts in its place; undefined: nothing of what pods use. */
export function touches(
  { name, repositories }: Shop,
  { method, path }: RecordedRequest,
): { readonly touched: Used; readonly method: 'PUT' | 'DELETE' } | undefined {
  if (method !== 'PUT' && method !== 'DELETE') return undefined
  const [, repository = '', reference = ''] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path) ?? []
  return repositories.includes(repository)
    ? { touched: { shop: name, repository, reference }, method }
    : undefined
}
