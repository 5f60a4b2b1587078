import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { damage } from '#test/harness/damage.ts'
import { dyingJournal } from '#test/harness/dying-journal.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { registryError } from '#test/harness/fault-proxy.ts'
import { digestsOf, oneOfEach } from '#test/harness/images/samples.ts'
import {
  containerImage,
  descriptorOf,
  imageIndex,
  jsonContent,
  LINUX_AMD64,
  multiPlatformImage,
  type TestImage,
} from '#test/harness/images.ts'
import { MemoryJournal } from './journal.ts'
import { journalState, savedManifests } from './journal-state.ts'
import { restore } from './restore.ts'
import { copyToTrash, provenInTrash } from './trash.ts'
import { MAX_TAGS, trashRepository, trashTag } from './trash-place.ts'

const PLACE = { prefix: 'tallyman/trash' }
const digest = (image: TestImage) => image.manifest.digest
const soon = () => Date.now() + 60_000

describe.each(['2.8', '3'] as const)('the trash of %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  async function pulls(reference: string, image: TestImage): Promise<void> {
    const arrived = await site.pull(reference)
    for (const each of digestsOf(image)) expect(arrived).toContain(each)
  }

  /** The requests that write below the trash, as `PUT blobs`. */
  function writes(): string[] {
    return site.proxy.requests
      .filter(({ method, path }) => method !== 'GET' && method !== 'HEAD' && path.includes('/trash/'))
      .map(({ method, path, query }) => {
        const kind = path.includes('/manifests/') ? 'manifest' : query.includes('mount=') ? 'mount' : 'bytes'
        return `${method} ${kind}`
      })
  }

  const since = (before: readonly string[]) => writes().slice(before.length)

  test('S18: holds everything of one of each kind, every manifest under its own tag, and pulls', async () => {
    const samples = [...oneOfEach('kinds').values()]
    for (const image of samples) site.storage.write('kinds', image)
    const { hands } = site.hands('kinds')
    const outcomes = await copyToTrash(hands, PLACE, samples.map(digest))
    expect(new Set(outcomes.values())).toEqual(new Set(['trashed']))
    const tags = await site.tags('tallyman/trash/kinds/1')
    for (const image of samples) {
      for (const each of [image, ...image.children]) expect(tags[trashTag(digest(each))]).toBe(digest(each))
      if (image.manifest.mediaType.includes('image.manifest'))
        await pulls(`tallyman/trash/kinds/1:${trashTag(digest(image))}`, image)
    }
    expect(await provenInTrash(hands, PLACE, samples.map(digest), soon())).toEqual(
      new Set(samples.map(digest)),
    )
  })

  test('mounts each blob once, and sends the bytes where the registry does not mount', async () => {
    const layers = [{ seed: 'base', size: 100 }]
    const two = ['a', 'b'].map((seed) => containerImage({ seed, layers }))
    for (const image of two) site.storage.write('mounted', image)
    let before = writes()
    await copyToTrash(site.hands('mounted').hands, PLACE, two.map(digest))
    // Two configs and one layer.
    expect(since(before).sort()).toEqual([
      ...Array.from({ length: 3 }, () => 'POST mount'),
      ...Array.from({ length: 2 }, () => 'PUT manifest'),
    ])

    const sent = containerImage({ seed: 'sent' })
    site.storage.write('sent', sent)
    site.proxy.rule(registryError(405, 'UNSUPPORTED', 'no mounts here'), { method: 'POST', query: /mount=/ })
    before = writes()
    await copyToTrash(site.hands('sent').hands, PLACE, [digest(sent)])
    expect(since(before).filter((each) => each === 'PUT bytes')).toHaveLength(sent.blobs.length)
    await pulls(`tallyman/trash/sent/1:${trashTag(digest(sent))}`, sent)
  })

  test.each(['layer-missing', 'layer-half', 'config-missing', 'child-missing'] as const)(
    'S18: what has %s is unrestorable, and in the journal; the others are copied',
    async (kind) => {
      const repository = `damaged/${kind}`
      const index = multiPlatformImage({ seed: repository })
      const whole = containerImage({ seed: `${repository}/whole` })
      site.storage.write(repository, index)
      site.storage.write(repository, whole)
      const [child] = index.children
      if (child === undefined) throw new Error('an index has children')
      const reference = kind === 'child-missing' ? digest(index) : digest(child)
      damage(kind, { storageDir: site.registry.storageDir, repository, reference })
      const { hands } = site.hands(repository)
      const outcomes = await copyToTrash(hands, PLACE, [digest(index), digest(whole)])
      expect(outcomes.get(digest(index))).toBe('unrestorable')
      expect(outcomes.get(digest(whole))).toBe('trashed')
      const saved = await savedManifests(hands.journal, new Set([digest(index)]))
      expect(saved.get(digest(index))?.bytes).toEqual(index.manifest.bytes)
      expect(await provenInTrash(hands, PLACE, [digest(index)], soon())).toEqual(new Set())
    },
  )

  test('what is not there is gone; a manifest that cannot be read is unrestorable', async () => {
    const [absent, broken] = ['absent', 'broken'].map((seed) => containerImage({ seed }))
    if (absent === undefined || broken === undefined) throw new Error('there are two')
    site.storage.write('unread', broken)
    damage('manifest-cut', {
      storageDir: site.registry.storageDir,
      repository: 'unread',
      reference: digest(broken),
    })
    const { hands } = site.hands('unread')
    expect(await copyToTrash(hands, PLACE, [digest(absent), digest(broken)])).toEqual(
      new Map([
        [digest(absent), 'gone'],
        [digest(broken), 'unrestorable'],
      ]),
    )
  })

  test('layers that lie elsewhere are not missed; an image that the registry does not take again is refused', async () => {
    const { blobs, manifest } = containerImage({ seed: 'elsewhere' })
    const [config, layer] = blobs
    if (config === undefined || layer === undefined) throw new Error('an image has layers')
    const layers = [{ ...descriptorOf(layer), urls: ['https://elsewhere.example/layer'] }]
    const { mediaType } = manifest
    const image = {
      manifest: jsonContent({ schemaVersion: 2, mediaType, config: descriptorOf(config), layers }, mediaType),
      blobs: [config],
      children: [],
    }
    const index = imageIndex('oci', [{ image, platform: LINUX_AMD64 }])
    site.storage.write('elsewhere', index)
    const { hands } = site.hands('elsewhere')
    const outcomes = await copyToTrash(hands, PLACE, [digest(index), digest(image)])
    expect([...outcomes.values()]).toEqual(['refused', 'refused'])
    expect(await provenInTrash(hands, PLACE, [digest(index), digest(image)], soon())).toEqual(new Set())
  })

  test('S18: what the trash says is missing makes no image unrestorable whose source is whole', async () => {
    const image = containerImage({ seed: 'unwelcome' })
    site.storage.write('unwelcome', image)
    site.proxy.rule(registryError(404, 'NAME_UNKNOWN', 'no such project'), { path: /trash/ })
    const { hands } = site.hands('unwelcome')
    await expect(copyToTrash(hands, PLACE, [digest(image)])).rejects.toMatchObject({ code: 'TRASH_UNUSABLE' })
    expect((await journalState(hands.journal)).trashed.size).toBe(0)
  })

  test('S18: a copy counts from when it was read again, and only before the time that is asked for', async () => {
    const image = containerImage({ seed: 'age' })
    site.storage.write('age', image)
    const { hands } = site.hands('age')
    await copyToTrash(hands, PLACE, [digest(image)])
    const at = (await journalState(hands.journal)).trashed.get(digest(image))?.at ?? Number.NaN
    expect(await provenInTrash(hands, PLACE, [digest(image)], at)).toEqual(new Set())
    expect(await provenInTrash(hands, PLACE, [digest(image)], at + 1)).toEqual(new Set([digest(image)]))
    expect(await provenInTrash(hands, { prefix: 'other/trash' }, [digest(image)], at + 1)).toEqual(new Set())
  })

  test('S18: a copy of which a blob is cut, or a tag is gone or names something else, is not proven, and is made again', async () => {
    const index = multiPlatformImage({ seed: 'eroded' })
    const [child] = index.children
    if (child === undefined) throw new Error('an index has children')
    site.storage.write('eroded', index)
    const { hands } = site.hands('eroded')
    const COPY = { storageDir: site.registry.storageDir, repository: 'tallyman/trash/eroded/1' }
    const proves = async () => (await provenInTrash(hands, PLACE, [digest(index)], soon())).size === 1
    await copyToTrash(hands, PLACE, [digest(index)])
    expect(await proves()).toBe(true)
    damage('tag-gone', { ...COPY, reference: trashTag(digest(child)) })
    expect(await proves()).toBe(false)
    await copyToTrash(hands, PLACE, [digest(index)])
    expect(await proves()).toBe(true)
    site.storage.tag(COPY.repository, digest(index), trashTag(digest(child)))
    expect(await proves()).toBe(false)
    await copyToTrash(hands, PLACE, [digest(index)])
    expect(await proves()).toBe(true)
    const mend = damage('layer-half', { ...COPY, reference: digest(child) })
    expect(await proves()).toBe(false)
    mend()
    await copyToTrash(hands, PLACE, [digest(index)])
    expect(await proves()).toBe(true)
  })

  test('a call after one that was killed writes nothing again, and one after that asks nothing', async () => {
    const images = [multiPlatformImage({ seed: 'again' }), containerImage({ seed: 'again/plain' })]
    for (const image of images) site.storage.write('again', image)
    const records = new MemoryJournal()
    const { hands: dying } = site.hands('again', { journal: dyingJournal(records, 'trashed') })
    const killed = copyToTrash(dying, PLACE, images.map(digest))
    await expect(killed).rejects.toMatchObject({ code: 'CANCELLED' })
    const { hands } = site.hands('again', { journal: records })
    const before = writes()
    expect([...(await copyToTrash(hands, PLACE, images.map(digest))).values()]).toEqual([
      'trashed',
      'trashed',
    ])
    expect(since(before)).toEqual([])
    const asked = site.proxy.count
    await copyToTrash(hands, PLACE, images.map(digest))
    expect(site.proxy.count).toBe(asked)
  })

  test('S19: a repository has 500 tags at most, and what belongs together lies together', async () => {
    const filler = containerImage({ seed: 'filler' })
    const first = trashRepository(PLACE, 'full', 1)
    site.storage.write(first, filler)
    for (let tag = 2; tag < MAX_TAGS; tag++) site.storage.tag(first, digest(filler), `m-${tag}`)
    const images = [
      multiPlatformImage({ seed: 'full' }),
      containerImage({ seed: 'full/a' }),
      containerImage({ seed: 'full/b' }),
      containerImage({ seed: 'full/c' }),
    ]
    for (const image of images) site.storage.write('full', image)
    await copyToTrash(site.hands('full').hands, PLACE, images.map(digest))
    expect(Object.keys(await site.tags(first))).toHaveLength(MAX_TAGS)
    const [index, , , last] = images
    if (index === undefined || last === undefined) throw new Error('there are four')
    const tags = [index, ...index.children, last].map((image) => trashTag(digest(image)))
    expect(Object.keys(await site.tags(trashRepository(PLACE, 'full', 2))).sort()).toEqual(tags.sort())
  })

  test('two runs have each a copy of its own, so that one can be purged without the other', async () => {
    const image = containerImage({ seed: 'twice' })
    site.storage.write('twice', image)
    for (const n of [1, 2]) {
      await copyToTrash(site.hands('twice').hands, PLACE, [digest(image)])
      expect(await site.has(`tallyman/trash/twice/${n}`, digest(image))).toBe(true)
    }
  })

  test.each([['a.b_c__d-e---f/0/x.y'], [`long/${'name-'.repeat(42)}x`]])(
    'S19: takes from %s, and brings back what has gone there',
    async (repository) => {
      const index = multiPlatformImage({ seed: repository })
      site.storage.write(repository, index, 'old')
      const { hands } = site.hands(repository)
      await copyToTrash(hands, PLACE, [digest(index)])
      const gone = { storageDir: site.registry.storageDir, repository }
      for (const child of index.children) {
        damage('layer-link-missing', { ...gone, reference: digest(child) })
        damage('revision-link-missing', { ...gone, reference: digest(child) })
      }
      damage('revision-link-missing', { ...gone, reference: 'old' })
      damage('tag-gone', { ...gone, reference: 'old' })
      expect(await restore(hands, { tag: 'old', digest: digest(index) })).toBe('Restored')
      await pulls(`${repository}:old`, index)
    },
  )

  test('S18: nothing comes back that is not whole in the trash either', async () => {
    const image = containerImage({ seed: 'neither' })
    site.storage.write('neither', image, 'old')
    const { hands } = site.hands('neither')
    await copyToTrash(hands, PLACE, [digest(image)])
    damage('layer-half', {
      storageDir: site.registry.storageDir,
      repository: 'neither',
      reference: digest(image),
    })
    const back = restore(hands, { digest: digest(image) })
    await expect(back).rejects.toMatchObject({ code: 'RESTORE_CONTENT_GONE' })
  })

  test('S16: nothing is written without the lease', async () => {
    const image = containerImage({ seed: 'fenced' })
    site.storage.write('fenced', image)
    const fence = () => {
      throw new TallymanError('LEADERSHIP_LOST', 'somebody else leads')
    }
    const before = writes()
    const copying = copyToTrash(site.hands('fenced', { fence }).hands, PLACE, [digest(image)])
    await expect(copying).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
    expect(since(before)).toEqual([])
  })
})
