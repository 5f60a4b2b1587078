import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { damage } from '#test/harness/damage.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { Wholeness } from './wholeness.ts'

const { manifest, ...IMAGE } = containerImage({ seed: 'whole or not' })
const { digest } = manifest
let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('3')
})
afterEach(() => site.proxy.clear())
afterAll(() => site.stop())

function world(repository: string): Wholeness {
  site.storage.write(repository, { manifest, ...IMAGE }, 'v1')
  return new Wholeness(site.hands(repository).hands, repository)
}

test('S18: an image is whole with its config and its layers, and is looked at again after it was not', async () => {
  const whole = world('config')
  const target = { storageDir: site.registry.storageDir, repository: 'config', reference: 'v1' }
  for (const kind of ['config-missing', 'layer-missing', 'manifest-missing'] as const) {
    const repair = damage(kind, target)
    expect(await new Wholeness(site.hands('config').hands, 'config').holds(digest), kind).toBe(false)
    expect(await whole.holds(digest), kind).toBe(false)
    repair()
  }
  expect(await whole.holds(digest)).toBe(true)
})

test('S18: what a registry that is away says of its content is nothing', async () => {
  const whole = world('away')
  site.proxy.rule({ kind: 'status', status: 403 }, { path: /\/away\// })
  await expect(whole.holds(digest)).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
  site.proxy.clear()
  expect(await whole.holds(digest)).toBe(true)
})
