import path from 'node:path'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import type { RegistryVersion } from '#test/harness/registry.ts'
import { type Figure, median, rounded } from '../figure.ts'
import { runScript } from '../support/child.ts'
import { wrkRate } from '../support/wrk.ts'
import type { ClientInput, ClientOutput } from './client.ts'
import { CONNECTIONS, type Fixture, REPOSITORY, readFixture } from './fixture.ts'

const ROUNDS = 3
const SECONDS = 4
const WRK = { connections: CONNECTIONS, seconds: SECONDS }
const CLIENT = path.join(import.meta.dirname, 'client.ts')

interface Measured {
  readonly version: RegistryVersion
  readonly wrk: number
  readonly get: number
  readonly head: number
  readonly undiciCpu: number
  readonly undiciGet: number
  /** Of each round on its own, then the median: what disturbs the machine for a while disturbs both sides. */
  readonly getRatio: number
  readonly headRatio: number
  readonly cpuRatio: number
}

interface Round {
  readonly wrk: number
  readonly get: ClientOutput
  readonly undici: ClientOutput
  readonly head: ClientOutput
}

/** Reading manifests over TLS, 16 at once, on both registries; the worse of the two counts. */
export async function readGroup(): Promise<Figure[]> {
  const measured: Measured[] = []
  for (const version of ['2.8', '3'] as const) measured.push(await measure(version))
  const beside = (pick: (m: Measured) => number) =>
    Object.fromEntries(measured.map((m) => [`registry ${m.version}`, rounded(pick(m))]))
  const worst = (pick: (m: Measured) => number, worse: (...values: number[]) => number) =>
    worse(...measured.map(pick))
  const raw = Object.fromEntries(
    measured.flatMap((m) => [
      [`wrk GET/s on ${m.version}`, rounded(m.wrk)],
      [`tallyman GET/s on ${m.version}`, rounded(m.get)],
      [`tallyman HEAD/s on ${m.version}`, rounded(m.head)],
      [`undici dispatch GET/s on ${m.version}`, rounded(m.undiciGet)],
    ]),
  )
  return [
    {
      name: 'read.manifest-get',
      value: worst((m) => m.getRatio, Math.min),
      unit: 'x',
      aim: { op: '>=', value: 0.85 },
      beside: { ...beside((m) => m.getRatio), ...raw },
    },
    {
      name: 'read.manifest-head',
      value: worst((m) => m.headRatio, Math.min),
      unit: 'x',
      aim: { op: '>=', value: 0.85 },
      // wrk waits for a body after HEAD and never gets one, so its GET of the same list is the yardstick.
      beside: { ...beside((m) => m.headRatio), yardstick: 'GET by wrk' },
    },
    {
      name: 'read.cpu',
      value: worst((m) => m.cpuRatio, Math.max),
      unit: 'x',
      aim: { op: '<=', value: 1.3 },
      beside: {
        ...beside((m) => m.cpuRatio),
        ...Object.fromEntries(
          measured.map((m) => [`undici dispatch ms a request on ${m.version}`, rounded(m.undiciCpu)]),
        ),
      },
    },
    await connectionsFigure(),
  ]
}

async function measure(version: RegistryVersion): Promise<Measured> {
  const fixture = await readFixture(version)
  try {
    const rounds: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({
        wrk: await wrkRate(fixture.registry, fixture.luaScript, WRK),
        get: await ask(fixture, 'tallyman', 'GET'),
        undici: await ask(fixture, 'undici', 'GET'),
        head: await ask(fixture, 'tallyman', 'HEAD'),
      })
    }
    const of = (pick: (round: Round) => number) => median(rounds.map(pick))
    return {
      version,
      wrk: of(({ wrk }) => wrk),
      get: of(({ get }) => get.perSecond),
      head: of(({ head }) => head.perSecond),
      undiciCpu: of(({ undici }) => undici.cpuMsPerRequest),
      undiciGet: of(({ undici }) => undici.perSecond),
      getRatio: of(({ get, wrk }) => get.perSecond / wrk),
      headRatio: of(({ head, wrk }) => head.perSecond / wrk),
      cpuRatio: of(({ get, undici }) => get.cpuMsPerRequest / undici.cpuMsPerRequest),
    }
  } finally {
    await fixture.registry.stop()
  }
}

function ask(
  fixture: Fixture,
  client: ClientInput['client'],
  method: ClientInput['method'],
): Promise<ClientOutput> {
  const { registry, digests } = fixture
  const input: ClientInput = {
    client,
    method,
    url: registry.url,
    caPem: registry.caPem,
    repository: REPOSITORY,
    digests,
    connections: CONNECTIONS,
    seconds: SECONDS,
  }
  return runScript<ClientOutput>(CLIENT, input, imageNodeFlags())
}

async function connectionsFigure(): Promise<Figure> {
  const requests = 10_000
  const fixture = await readFixture('3')
  const proxy = await startFaultProxy({
    upstream: fixture.registry.url,
    upstreamCa: fixture.registry.caPem ?? '',
  })
  try {
    const input: ClientInput = {
      client: 'tallyman',
      method: 'GET',
      url: proxy.url,
      caPem: undefined,
      repository: REPOSITORY,
      digests: fixture.digests,
      connections: CONNECTIONS,
      seconds: 120,
      requests,
    }
    await runScript<ClientOutput>(CLIENT, input, imageNodeFlags())
    return {
      name: 'read.connections',
      value: proxy.connections,
      unit: 'connections',
      aim: { op: '<=', value: 18 },
      beside: { requests: proxy.count },
    }
  } finally {
    await proxy.stop()
    await fixture.registry.stop()
  }
}
