import { RegistryCheckSpec } from '#crds/registry-check.ts'
import { RegistryPool } from '#registry/pool.ts'
import { lap } from '#scan/lap.ts'
import { emptyMemory } from '#scan/lap-input.ts'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { type Fault, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { imageSeries } from '#test/harness/images.ts'
import { startRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'
import type { Figure } from '../figure.ts'
import { CONNECTIONS } from './fixture.ts'

const HEALTHY = 400
const PLANTED: readonly DamageKind[] = [
  'tag-gone',
  'manifest-missing',
  'config-missing',
  'layer-missing',
  'layer-zero',
  'layer-half',
]
/** What real networks and loaded registries do, to one request in some twenty. */
const FAULTS: readonly Fault[] = [
  { kind: 'cut', at: 'request', reset: true, probability: 0.01 },
  { kind: 'cut', at: 'headers', reset: true, probability: 0.01 },
  { kind: 'status', status: 500, probability: 0.01 },
  { kind: 'status', status: 503, headers: { 'retry-after': '0' }, probability: 0.005 },
  { kind: 'status', status: 429, headers: { 'retry-after': '0' }, probability: 0.005 },
  { kind: 'delay', at: 'headers', ms: 50, probability: 0.02 },
  { kind: 'truncate', after: 0, length: 'kept', probability: 0.01 },
]

/** A healthy registry behind a bad network, with some images that are really damaged among the others. */
export async function falseFindings(): Promise<Figure> {
  const registry = await startRegistry({ version: '3' })
  const proxy = await startFaultProxy({ upstream: registry.url, seed: 5 })
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'bench' })
  try {
    const writer = new StorageWriter(registry.storageDir)
    const images: string[] = []
    let build = 0
    for (const image of imageSeries({ seed: 'wolf', count: HEALTHY, sharedLayers: 4, ownLayers: 2 })) {
      writer.write('wolf/app', image, `b${build}`)
      images.push(`wolf/app:b${build}`)
      build += 1
    }
    for (const kind of PLANTED) {
      const [image] = imageSeries({ seed: kind, count: 1 })
      if (image === undefined) throw new Error('a series of one has one image')
      writer.write(`planted/${kind}`, image, 'v1')
      damage(kind, { storageDir: registry.storageDir, repository: `planted/${kind}`, reference: 'v1' })
      images.push(`planted/${kind}:v1`)
    }
    for (const fault of FAULTS) proxy.rule(fault)
    const refs = { registryRef: { name: 'bench' }, inventoryRef: { name: 'bench' } }
    const done = await lap({
      client: pool.client({ url: proxy.url, limits: { concurrency: CONNECTIONS } }),
      names: { host: registry.host, aliases: [] },
      snapshot: snapshotOf(images.map((image) => imageUse(`${registry.host}/${image}`))),
      spec: RegistryCheckSpec.parse(refs),
      memory: emptyMemory(systemClock),
      ...{ pullThrough: false, concurrency: CONNECTIONS, provesAnew: true, clock: systemClock },
      ...{ untilNextLapMs: 0, readingMs: 0, signal: new AbortController().signal },
    })
    const isPlanted = (image: string) => image.includes('/planted/')
    const broken = done.lookedAt.filter(({ state }) => state === 'unhealthy').map(({ use }) => use.image)
    const whole = done.lookedAt.filter(({ use }) => !isPlanted(use.image))
    const seenWhole = whole.filter(({ state }) => state === 'healthy').length
    return {
      name: 'check.false-findings',
      value: broken.filter((image) => !isPlanted(image)).length,
      unit: 'findings',
      aim: { op: '=', value: 0 },
      beside: {
        'planted damage': PLANTED.length,
        'of it found': broken.filter(isPlanted).length,
        'share of healthy images seen healthy': seenWhole / whole.length,
        requests: proxy.count,
      },
    }
  } finally {
    await pool.close()
    await proxy.stop()
    await registry.stop()
  }
}
