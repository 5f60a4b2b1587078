import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { manifestProblem } from '#test/harness/pull.ts'
import { RegistryWire } from '#test/harness/registry/wire.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const IMAGE = containerImage({ seed: 'pull' })
let registry: TestRegistry
let front: FaultProxy

beforeAll(async () => {
  registry = await startRegistry({ version: '2.8' })
  front = await startFaultProxy({ upstream: registry.url })
  new StorageWriter(registry.storageDir).write('shop/cart', IMAGE, 'v1')
})
afterEach(() => front.clear())
afterAll(async () => {
  await front.stop()
  await registry.stop()
})

test.each([
  ['once is asked again', { times: 1 }, undefined],
  ['every time is what is told', {}, expect.stringMatching(/: 500$/)],
] as const)('an error of the server %s', async (_, more, told) => {
  front.rule({ kind: 'status', status: 500, ...more }, { path: /\/manifests\// })
  const wire = new RegistryWire(front.url)
  expect(await manifestProblem(wire, 'shop/cart', IMAGE.manifest.digest)).toEqual(told)
})
