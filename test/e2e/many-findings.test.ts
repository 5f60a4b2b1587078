import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FINDINGS_IN_STATUS } from '#crds/registry-check.ts'
import { PODS } from '#kube/resource.ts'
import { type FaultProxy, registryError, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { eventually } from '#test/harness/wait.ts'
import { type Check, conditionText, messageOf } from './support/api.ts'
import { scrape, valuesBy } from './support/metrics.ts'
import { registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// A registry that lost everything: what a check says of it stays small where it is stored, and whole where it is read.

const PODS_MADE = 105
const IMAGES_EACH = 200
const IMAGES = PODS_MADE * IMAGES_EACH
/** What the API server takes of one object is 1.5 MB, and its watchers get each version of it. */
const MAX_OBJECT_BYTES = 256 * 1024
/** How much the operator may grow while somebody reads reports of some ten MB. */
const MAX_GROWTH_BYTES = 200 * 1024 * 1024

let world: World
let server: TestRegistry
let front: FaultProxy
let home: string
let check: Check

beforeAll(async () => {
  ;[world, server] = await Promise.all([startWorld(), startRegistry({ version: '3' })])
  front = await startFaultProxy({ upstream: server.url })
  // Longer than what is told of an answer, and of characters that take six bytes in JSON.
  front.rule(registryError(404, 'MANIFEST_UNKNOWN', '\u0001"\\'.repeat(400)), { path: /\/manifests\// })
  home = await world.namespace('many')
  for (let number = 0; number < PODS_MADE; number += 1) {
    const containers = Array.from({ length: IMAGES_EACH }, (_, at) => ({
      name: `c${at}`,
      image: `many.example.com/team-${number % 10}/app:${number}-${at}`,
    }))
    const metadata = { namespace: home, name: `many-${number}` }
    const spec = { schedulerName: 'tallyman.dev/nobody', containers }
    const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
    await world.api.create(PODS, object)
  }
  await eventually(async () => (await world.api.inventory(in_('all'))).status?.images === IMAGES, {
    ...{ message: `${IMAGES} images in use`, timeoutMs: 90_000, intervalMs: 250 },
  })
  const limits = { concurrency: 256 }
  await world.cluster.apply([
    registry(in_('many'), { url: front.url, aliases: [{ host: 'many.example.com' }], limits }),
    registryCheck(in_('many'), { registryRef: { name: 'many' }, interval: '1h', imageMetrics: true }),
  ])
  check = await eventually(
    async () => {
      const seen = await world.api.check(in_('many'))
      if (seen.status?.images?.total === IMAGES) return seen
      return undefined
    },
    { message: `a run over ${IMAGES} images`, timeoutMs: 150_000, intervalMs: 500 },
  )
}, 240_000)

afterAll(async () => {
  await front.stop()
  await server.stop()
  await world.stop()
})

const in_ = (name: string) => ({ namespace: home, name })

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${world.operator.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

describe(`${IMAGES} images that are gone, of a registry with long answers`, () => {
  test('are counted exactly in a status that stays small and says that it names the first alone', async () => {
    const { status } = check
    expect(status?.images).toEqual({
      total: IMAGES,
      healthy: 0,
      unhealthy: IMAGES,
      unknown: 0,
      inUse: IMAGES,
    })
    expect(status?.findingCounts).toEqual([{ code: 'TagMissing', severity: 'Warning', count: IMAGES }])
    expect(status?.findingsTruncated).toBe(true)
    expect(status?.findings?.length).toBeGreaterThan(0)
    expect(status?.findings?.length).toBeLessThanOrEqual(FINDINGS_IN_STATUS)
    expect(conditionText(status?.conditions ?? [], 'Healthy')).toBe('False ProblemsFound')
    expect(messageOf(check, 'Healthy')).toBe(
      `${IMAGES} of ${IMAGES} images cannot be pulled: ${IMAGES} TagMissing`,
    )
    const stored = await world.cluster.kubectl(['get', 'regcheck', 'many', '-n', home, '-o', 'json'])
    expect(Buffer.byteLength(stored.stdout)).toBeLessThan(MAX_OBJECT_BYTES)
    checkKstatus(check)
  })

  test('are one event', async () => {
    const events = await eventually(
      async () => {
        const found = await world.api.events('RegistryCheck', in_('many'))
        return found.some(({ reason }) => reason === 'ProblemsFound') ? found : undefined
      },
      { message: 'the event' },
    )
    expect(events.length).toBeLessThanOrEqual(3)
    // events.k8s.io/v1 takes no longer note.
    for (const { note } of events) expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024)
  })

  test('are a thousand series at most', async () => {
    const samples = await scrape(world.operatorUrl)
    const labels = { namespace: home, name: 'many' }
    expect(valuesBy(samples, 'tallyman_check_findings', labels, ['code', 'severity'])).toEqual({
      'TagMissing Warning': IMAGES,
    })
    // They follow the status.
    await eventually(async () => {
      const infos = (await scrape(world.operatorUrl)).filter(
        ({ name }) => name === 'tallyman_check_image_info',
      )
      expect(infos).toHaveLength(1_000)
      return true
    })
  })

  test('are all in the reports, which the operator sends without holding them', async () => {
    const before = await residentBytes()
    let most = before
    const lines = new Map<string, number>()
    for (const file of ['report.json', 'report.csv', 'images.csv', 'report.html']) {
      const answer = await fetch(`${world.operatorUrl}/reports/${home}/many/${file}`)
      expect(answer.status).toBe(200)
      const text = await answer.text()
      lines.set(file, text.split('many.example.com/team-').length - 1)
      most = Math.max(most, await residentBytes())
    }
    for (const [file, images] of lines) expect(images, file).toBeGreaterThanOrEqual(IMAGES)
    expect(most - before).toBeLessThan(MAX_GROWTH_BYTES)
    const nagios = await fetch(`${world.operatorUrl}/nagios/${home}/many`)
    expect(await nagios.text()).toMatch(/^WARNING - 21000 of 21000 images cannot be pulled/)
  })
})
