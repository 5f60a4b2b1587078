import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import type { Shop } from './shop.ts'

/** The moment of a run in which the tag `v9` of `web` is about to go. */
export interface Window {
  readonly shop: Shop
  /** What the operator takes for the registry. */
  readonly front: FaultProxy
  /** Resolves when the request that takes it away stands still. */
  readonly open: Promise<unknown>
  /** Drops that request, with its connection, and lets others pass from then on. */
  close(): Promise<void>
}

/**
 * Holds the DELETE that takes the tag away: of the tag itself, or of the placeholder that was written over it. Before that all tags of the repositories
 * in front of it have gone, and no manifest.
 */
export async function windowOn(shop: Shop): Promise<Window> {
  const front = await startFaultProxy({ upstream: shop.server.url })
  const manifests = `/v2/${shop.name}/web/manifests/`
  let overwritten = false
  const hold = front.hold({
    where: ({ method, path }) => {
      if (path === `${manifests}v9` && method === 'PUT') overwritten = true
      return method === 'DELETE' && (overwritten ? path.startsWith(manifests) : path === `${manifests}v9`)
    },
  })
  const close = async () => {
    await front.cutConnections()
    hold.release()
  }
  return { shop, front, open: hold.arrived, close }
}
