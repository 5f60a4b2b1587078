import { type Fault, type RequestMatch, registryError, throttled } from '#test/harness/fault-proxy.ts'
import type { Shop } from './shop.ts'

/** Something that is wrong with a registry, or with the way to it, for a while. Its beginning resolves with what mends it. */
export interface ShopFault {
  readonly name: string
  readonly begin: (shop: Shop) => Promise<() => Promise<void>>
}

const WRITES: RequestMatch = { method: ['POST', 'PUT', 'PATCH', 'DELETE'] }

export const SHOP_FAULTS: readonly ShopFault[] = [
  striking('slow answers', { kind: 'delay', ms: 700, at: 'headers' }),
  striking('slow bodies', { kind: 'drip', bytesPerSecond: 4_000 }),
  striking('server errors', { ...registryError(500, 'UNKNOWN', 'the disk is full'), probability: 0.3 }),
  striking('too many requests', { ...throttled(1), probability: 0.4 }),
  striking('lost answers', { kind: 'drop', probability: 0.1 }),
  striking('lost answers to writes', { kind: 'drop', probability: 0.3 }, WRITES),
  striking('cut requests', { kind: 'cut', at: 'request', reset: true, probability: 0.2 }),
  striking('cut answers', { kind: 'cut', at: 'body', after: 100, probability: 0.3 }),
  striking('answers that end early', { kind: 'truncate', after: 60, length: 'shortened', probability: 0.2 }),
  striking('a read-only registry', registryError(405, 'UNSUPPORTED', 'read-only'), WRITES),
  {
    name: 'cut connections',
    begin: async ({ front }) => {
      await front.cutConnections()
      return async () => undefined
    },
  },
  {
    name: 'refused connections',
    begin: async ({ front }) => {
      front.stopListening()
      await front.cutConnections()
      return () => front.resumeListening()
    },
  },
  {
    name: 'registry restarted',
    begin: async ({ server }) => {
      await server.down()
      return () => server.up()
    },
  },
]

function striking(name: string, fault: Fault, match?: RequestMatch): ShopFault {
  return {
    name,
    begin: async ({ front }) => {
      const mend = front.rule(fault, match)
      return async () => mend()
    },
  }
}
