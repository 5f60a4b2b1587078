import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClaimedUsage } from '#commands/rm-claims.ts'
import { carryOut, type RemovalWork } from '#commands/rm-execution.ts'
import { Claims } from '#evict/claims.ts'
import { type InUseIndex, inUseIndex } from '#inventory/in-use-index.ts'
import { compilePins } from '#inventory/pins.ts'
import type { RepositoryRemoval } from '#retention/removal-request.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { containerImage } from '#test/harness/images.ts'

const NAMES = { host: 'r.example', aliases: [] }
const images = ['v1', 'v2'].map((tag) => ({ tag, image: containerImage({ seed: tag }) }))
const bindings = images.map(({ tag, image }) => ({ tag, digest: image.manifest.digest }))
const removal: RepositoryRemoval = {
  repository: 'app',
  tags: new Map(bindings.map(({ tag, digest }) => [tag, digest])),
  bindings: bindings.map((binding) => ({ ...binding, stays: undefined, follows: undefined })),
  digests: bindings.map(({ digest }) => digest),
  orphans: [],
}
let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('3')
})

afterAll(async () => {
  await site?.stop()
})

function index(...images: readonly string[]): InUseIndex {
  const used = images.map((name) => imageUse(name))
  return inUseIndex({ snapshots: [{ images: used, remembered: [], pins: compilePins([]) }] }, NAMES)
}

test('S04: what came into use since it was decided stays', async () => {
  for (const { tag, image } of images) site.storage.write('app', image, tag)
  let now = index()
  let asked = 0
  const ended: string[] = []
  const work = (guard: () => Promise<void>): RemovalWork => ({
    hands: { of: async (repository, told) => site.hands(repository, { ...told, guard }).hands },
    use: {
      get index() {
        return now
      },
    },
    methods: new Map([['app', 'Native']]),
    decide: (usage) => ({
      refusals: [],
      removals: usage.usesOf({ repository: 'app', tag: 'v2' }).length > 0 ? [] : [removal],
    }),
    ended: (_repository, { tag, outcome }) => ended.push(`${tag ?? 'manifest'} ${outcome}`),
  })
  // Three times for the proof that tags go alone.
  const usedAtSecond = async () => {
    asked += 1
    if (asked === 5) now = index('r.example/app:v2')
  }
  await carryOut([removal], work(usedAtSecond))
  expect(ended.sort()).toEqual(['manifest named', 'manifest spared', 'v1 untagged', 'v2 spared'])
  expect(Object.keys(await site.tags('app'))).toEqual(['v2'])
  now = index()
  ended.length = 0
  await carryOut(
    [removal],
    work(async () => undefined),
  )
  expect(ended.sort()).toEqual(['manifest swept', 'manifest swept', 'v1 gone', 'v2 untagged'])
})

test('S40: where no tag goes by its name, each manifest takes its tags along', async () => {
  for (const { tag, image } of images) site.storage.write('along', image, tag)
  const ended: string[] = []
  const lines: string[] = []
  const along = { ...removal, repository: 'along' }
  await carryOut([along], {
    hands: {
      of: async (repository, told) =>
        site.hands(repository, { ...told, audit: ({ reference }) => lines.push(reference) }).hands,
    },
    use: { index: index() },
    methods: new Map([['along', 'WithDigests']]),
    decide: () => ({ refusals: [], removals: [along] }),
    ended: (_repository, { tag, outcome }) => ended.push(`${tag ?? 'manifest'} ${outcome}`),
  })
  expect(ended.sort()).toEqual(['manifest swept', 'manifest swept', 'v1 untagged', 'v2 untagged'])
  expect(lines.filter((reference) => !reference.startsWith('sha256:'))).toEqual([])
})

test('S01: claims count of operators that name the registry by a longer path, for what lies below that', async () => {
  const holder = { installation: 'one', operator: 'tallyman', process: 'one' }
  const lists = { images: ['r.example/team/app:v1'], digests: [], configs: [], pins: [] }
  const usage = { ...lists, synced: true, trusted: true, installation: 'one', writtenAt: Date.now() }
  await new Claims(holder, 'team/tallyman-claims').write(site.direct, usage, {})
  const claimed = async (...repositories: string[]) => {
    const claims = new ClaimedUsage(site.direct, repositories, async () => undefined)
    return (await claims.read(new AbortController().signal)).flatMap(({ images }) => images)
  }
  expect(await claimed('team/shop/app')).toEqual(lists.images)
  expect(await claimed('shop/app', 'team')).toEqual([])
})
