import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import { digestsOf, oneOfEach } from '#test/harness/images/samples.ts'
import { ACCEPT_MANIFESTS, containerImage, imageSeries } from '#test/harness/images.ts'
import { pushImage } from '#test/harness/push.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { createStateDir, type StateDir } from '#test/harness/state-dir.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const SAMPLES = oneOfEach('stored')
const BUILDS = 120
const TAG_LIST = z.object({ tags: z.array(z.string()) })

let storage: StateDir

beforeAll(async () => {
  storage = await createStateDir('storage')
  const writer = new StorageWriter(storage.path)
  for (const [tag, image] of SAMPLES) writer.write('team/samples', image, tag)
  let build = 0
  for (const image of imageSeries({ seed: 'app', count: BUILDS })) {
    writer.write('team/app', image, `build-${build}`)
    build += 1
  }
})

afterAll(() => storage.remove())

describe.each<RegistryVersion>(['2.8', '3'])('what is written into the storage of registry %s', (version) => {
  let registry: TestRegistry
  let skopeo: ForeignClient
  let regctl: ForeignClient

  beforeAll(async () => {
    registry = await startRegistry({ version, storageDir: storage.path })
    skopeo = await foreignClient('skopeo', registry)
    regctl = await foreignClient('regctl', registry)
  })
  afterAll(async () => {
    await skopeo.close()
    await regctl.close()
    await registry.stop()
  })

  test.each([...SAMPLES])('is served under its digest and type: %s', async (tag, { manifest }) => {
    const response = await registry.wire.send({
      path: `/v2/team/samples/manifests/${tag}`,
      headers: { accept: ACCEPT_MANIFESTS },
    })
    expect(response).toMatchObject({
      status: 200,
      body: manifest.bytes,
      headers: { 'docker-content-digest': manifest.digest, 'content-type': manifest.mediaType },
    })
  })

  test.each([...SAMPLES])('is pulled whole: %s', async (tag, image) => {
    // skopeo 1.9 loses the artifactType of index entries and then refuses to write what it has changed.
    const client = tag === 'referrers-index' ? regctl : skopeo
    const pulled = await client.pull(`${registry.host}/team/samples:${tag}`)
    expect([...pulled]).toEqual(expect.arrayContaining([...digestsOf(image)]))
  })

  test('is listed with every tag', async () => {
    const response = await registry.wire.send({ path: '/v2/team/app/tags/list?n=1000' })
    expect(TAG_LIST.parse(JSON.parse(response.body.toString())).tags).toHaveLength(BUILDS)
  })

  test('is the same as what a push leaves', async () => {
    const image = containerImage({ seed: `pushed-${version}` })
    await pushImage(registry, 'team/pushed', image, 'v1', 'v2')
    expect(await skopeo.tags(`${registry.host}/team/pushed`)).toEqual(expect.arrayContaining(['v1', 'v2']))
    expect(await skopeo.manifest(`${registry.host}/team/pushed:v2`)).toEqual(image.manifest.bytes)
    const written = new StorageWriter(storage.path)
    written.write('team/written', image, 'v1')
    const pulled = await skopeo.pull(`${registry.host}/team/written:v1`)
    expect([...pulled]).toEqual(expect.arrayContaining([...digestsOf(image)]))
  })
})
