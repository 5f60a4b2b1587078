import {
  expired,
  expiredEvent,
  expiredFrame,
  type Fault,
  kubeStatus,
  type RequestMatch,
  throttled,
} from '#test/harness/fault-proxy.ts'
import { systemClock } from '#time/clock.ts'
import type { Dice } from './dice.ts'
import { isInGroups } from './load.ts'
import { machineTime } from './machine-time.ts'
import { GROUP_LABEL } from './objects.ts'
import type { Oracle } from './oracle.ts'
import type { Site } from './site.ts'

export interface FaultScene {
  readonly site: Site
  readonly oracle: Oracle
  readonly dice: Dice
}

/** Something that is wrong for a while. Its beginning resolves with what mends it. */
export interface SoakFault {
  readonly name: string
  readonly begin: (scene: FaultScene) => Promise<() => Promise<void>>
}

/** Watches that are opened, and not the short ones of a barrier. */
const WATCHES: RequestMatch = { query: /(^|&)watch=/ }
const RESUMED: RequestMatch = { query: /(^|&)watch=.*resourceVersion=[1-9]|resourceVersion=[1-9].*&watch=/ }
const READ: RequestMatch = { method: 'GET' }
/** As many watches as a cluster has. */
const ALL_WATCHES = 20

const nothing = async () => undefined

const network: readonly SoakFault[] = [
  {
    name: 'cut connections',
    begin: async ({ site: { link } }) => {
      await link.proxy.cutConnections()
      return nothing
    },
  },
  {
    name: 'refused connections',
    begin: async ({ site: { link } }) => {
      link.proxy.stopListening()
      await link.proxy.cutConnections()
      return () => link.proxy.resumeListening()
    },
  },
  {
    name: 'silent connections',
    begin: async ({ site: { link } }) => {
      link.proxy.silenceConnections(true)
      const frozen = link.proxy.exchanges()
      for (const exchange of frozen) exchange.freeze()
      return async () => {
        link.proxy.silenceConnections(false)
        // Those that came in meanwhile stay silent for good.
        await link.proxy.cutConnections()
      }
    },
  },
  {
    name: 'half-open watches',
    begin: async ({ site: { link } }) => {
      for (const exchange of link.proxy.exchanges(WATCHES)) exchange.freeze()
      return nothing
    },
  },
  {
    name: 'late events',
    begin: async ({ site: { link } }) => {
      const frozen = link.proxy.exchanges(WATCHES)
      for (const exchange of frozen) exchange.freeze()
      return async () => {
        for (const exchange of frozen) exchange.thaw()
      }
    },
  },
  {
    name: '410 storm',
    begin: async ({ site: { link }, dice }) => {
      const mend = link.proxy.rule({ ...expired, probability: 0.7, times: dice.between(5, 60) }, RESUMED)
      await link.proxy.cutConnections()
      return async () => mend()
    },
  },
  {
    name: '410 in watches',
    begin: async ({ site: { link } }) => {
      const isProtobuf = (accept: string | undefined) => accept?.includes('protobuf') === true
      const mends = [
        link.proxy.rule(
          { ...expiredFrame(2), probability: 0.5 },
          { ...WATCHES, where: ({ accept }) => isProtobuf(accept) },
        ),
        link.proxy.rule(
          { ...expiredEvent(2), probability: 0.5 },
          { ...WATCHES, where: ({ accept }) => !isProtobuf(accept) },
        ),
      ]
      await link.proxy.cutConnections()
      return async () => {
        for (const mend of mends) mend()
      }
    },
  },
  {
    name: 'compacted history',
    begin: async ({ site: { cluster, link } }) => {
      await compact(cluster.etcdUrl)
      await link.proxy.cutConnections()
      return nothing
    },
  },
  striking('too many requests', { ...throttled(1), probability: 0.7 }),
  striking('server errors', {
    ...kubeStatus(500, 'InternalError', 'etcdserver: request timed out'),
    probability: 0.6,
  }),
  striking('unavailable', kubeStatus(503, 'ServiceUnavailable', 'shutting down')),
  striking('expired token', kubeStatus(401, 'Unauthorized', 'Unauthorized')),
  striking('slow answers', { kind: 'delay', ms: 900, at: 'headers' }),
  striking('slow bodies', { kind: 'drip', bytesPerSecond: 15_000 }),
  striking('lost answers', { kind: 'drop', probability: 0.4 }),
  striking('lists that break off', { kind: 'cut', at: 'body', after: 1_500, probability: 0.5 }),
  striking('lists that end early', { kind: 'truncate', after: 2_500, length: 'shortened', probability: 0.5 }),
]

const servers: readonly SoakFault[] = [
  {
    name: 'API server killed',
    begin: async ({ site: { cluster } }) => {
      await cluster.stopApiServer({ kill: true })
      return () => cluster.startApiServer()
    },
  },
  {
    name: 'API server stopped',
    begin: async ({ site: { cluster } }) => {
      await cluster.stopApiServer()
      return () => cluster.startApiServer()
    },
  },
  {
    name: 'rights taken away',
    begin: async ({ site: { cluster } }) => {
      const kept = ['get', 'clusterrolebinding', 'tallyman-operator', '-o', 'json']
      const binding: unknown = JSON.parse((await cluster.kubectl(kept)).stdout)
      await cluster.kubectl(['delete', 'clusterrolebinding', 'tallyman-operator'])
      return async () => {
        await cluster.apply([withoutVersion(binding)])
      }
    },
  },
  filtering('a proxy that leaves out a quarter', [0]),
  filtering('a proxy that leaves out most', [0, 1, 3]),
]

export const FAULTS: readonly SoakFault[] = [...network, ...servers]

/** Requests that begin from now on are struck; connections are cut, so that there are some. */
function striking(name: string, fault: Fault): SoakFault {
  return {
    name,
    begin: async ({ site: { link } }) => {
      const mend = link.proxy.rule(fault)
      await link.proxy.cutConnections()
      return async () => mend()
    },
  }
}

/** Everything is listed anew, and answered 200, with objects left out. */
function filtering(name: string, groups: readonly number[]): SoakFault {
  return {
    name,
    begin: async ({ site, oracle }) => {
      const { proxy } = site.link
      oracle.leaveOut(site.name, (by) => isInGroups(by, groups))
      const mendFilter = proxy.rule(
        { kind: 'narrow', labelSelector: `${GROUP_LABEL} notin (${groups})` },
        READ,
      )
      const mendVersions = proxy.rule({ ...expired, times: ALL_WATCHES }, RESUMED)
      await proxy.cutConnections()
      return async () => {
        mendVersions()
        mendFilter()
        await proxy.cutConnections()
        await systemClock.sleep(500)
        oracle.showAll(site.name, machineTime())
      }
    },
  }
}

/** etcd forgets everything but the present state. */
async function compact(etcdUrl: string | undefined): Promise<void> {
  if (etcdUrl === undefined) return
  const post = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${etcdUrl}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return await answer.json()
  }
  const range = await post('/v3/kv/range', { key: Buffer.from('/').toString('base64') })
  const { revision } = (range as { header: { revision: string } }).header
  await post('/v3/kv/compaction', { revision })
}

function withoutVersion(object: unknown): object {
  const { metadata, ...rest } = object as { metadata: { name: string; labels?: object } }
  return { ...rest, metadata: { name: metadata.name, labels: metadata.labels ?? {} } }
}
