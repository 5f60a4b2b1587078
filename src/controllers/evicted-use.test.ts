import { describe, expect, test } from 'vitest'
import { evictedInUse, NewUses, newestUses } from '#controllers/evicted-use.ts'
import type { Evicted } from '#evict/evicted.ts'
import { inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import { compilePins } from '#inventory/pins.ts'
import { imageUse, NO_PINS, snapshotOf } from '#test/harness/image-use.ts'

const names = { host: 'registry.local', aliases: [] }
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`

function evicted(changes: Partial<Evicted> = {}): Evicted {
  return { run: 'run', repository: 'shop/app', tag: 'v1', digest: digestOf('a'), at: 0, ...changes }
}

async function used(things: readonly Evicted[], usage: KnownUsage): Promise<(string | undefined)[]> {
  const uses = await evictedInUse(things, inUseIndex(usage, names))
  return uses.map(({ thing }) => thing.tag ?? thing.digest)
}

const using = (...images: ReturnType<typeof imageUse>[]): KnownUsage => ({ snapshots: [snapshotOf(images)] })

describe('S04: something evicted is in use', () => {
  test('by its tag, by its digest wherever it runs, and by its config', async () => {
    const tag = evicted()
    const other = evicted({ tag: 'v2', digest: digestOf('b') })
    expect(await used([tag, other], using(imageUse('registry.local/shop/app:v1')))).toEqual(['v1'])
    const runs = imageUse('mirror.local/x:1', { runningDigests: [digestOf('b')] })
    expect(await used([tag, other], using(runs))).toEqual(['v2'])
    const byConfig = evicted({ tag: undefined, config: digestOf('c') })
    const configRuns = imageUse('old:1', { runningConfigs: [digestOf('c')] })
    expect(await used([tag, byConfig], using(configRuns))).toEqual([digestOf('a')])
  })

  test('by a pin, by the claim of another installation, and under another name of the registry', async () => {
    const pinned = { snapshots: [snapshotOf([], { pins: compilePins(['shop/app:v1']) })] }
    expect(await used([evicted()], pinned)).toEqual(['v1'])
    const claim = {
      ...{ installation: 'other', writtenAt: 0, synced: true, trusted: true },
      ...{ images: ['registry.local/shop/app:v1'], digests: [], configs: [], pins: [] },
    }
    expect(await used([evicted()], { snapshots: [], claims: [claim] })).toEqual(['v1'])
    expect(await used([evicted()], using(imageUse('mirror.local/cache/shop/app:v1')))).toEqual(['v1'])
  })

  test('is not said for another tag, nor for a text by which no node can pull', async () => {
    expect(await used([evicted()], using(imageUse('registry.local/shop/app:v2')))).toEqual([])
    expect(await used([evicted()], using(imageUse('registry.local/shop/app:$(TAG)')))).toEqual([])
  })

  test('is what it named last, of a tag that went more than once', async () => {
    const went = (at: number) => evicted({ digest: digestOf(at === 1 ? 'b' : 'a'), at })
    const index = inUseIndex(using(imageUse('registry.local/shop/app:v1')), names)
    for (const things of [
      [went(1), went(2)],
      [went(2), went(1)],
    ]) {
      const uses = newestUses(await evictedInUse(things, index))
      expect(uses.map(({ thing }) => thing)).toEqual([went(2)])
    }
  })

  test('is found among 100,000 things and 10,000 images, and others have their turn meanwhile', async () => {
    const things = Array.from({ length: 100_000 }, (_, at) =>
      evicted({ repository: `shop/app-${at % 300}`, tag: `v${at}`, digest: `sha256:${at}` }),
    )
    const images = Array.from({ length: 10_000 }, (_, at) => imageUse(`registry.local/run/app-${at}:v1`))
    const index = inUseIndex(using(...images, imageUse('registry.local/shop/app-7:v90007')), names)
    let turns = 0
    let isOver = false
    const count = () => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    const uses = await evictedInUse(things, index)
    isOver = true
    expect(uses.map(({ thing }) => thing.tag)).toEqual(['v90007'])
    expect(turns).toBeGreaterThanOrEqual(20)
  })
})

describe('what is new in use', () => {
  const first = imageUse('registry.local/shop/app:v1')
  const second = imageUse('registry.local/shop/app:v2')
  const images = (usage: KnownUsage | undefined) =>
    usage?.snapshots.flatMap((snapshot) => snapshot.images.map(({ image }) => image))

  test('is everything at first, and then what came since the look before', () => {
    const uses = new NewUses()
    expect(images(uses.of(using(first)))).toEqual([first.image])
    expect(uses.of(using(first))).toBeUndefined()
    expect(images(uses.of(using(first, second)))).toEqual([second.image])
    expect(uses.of(using(second))).toBeUndefined()
    expect(images(uses.of(using(first, second)))).toEqual([first.image])
    uses.reset()
    expect(images(uses.of(using(first, second)))).toEqual([first.image, second.image])
  })

  test('is an image that runs another digest, and every key of an image is remembered', () => {
    const uses = new NewUses()
    uses.of(using(first))
    const running = { ...first, runningDigests: [digestOf('a')], runningConfigs: [digestOf('c')] }
    expect(images(uses.of(using(running)))).toEqual([first.image])
    expect(uses.of(using(running))).toBeUndefined()
    const moved = { ...running, runningDigests: [digestOf('b')] }
    expect(images(uses.of(using(moved)))).toEqual([first.image])
  })

  test('is what is pinned, claimed or remembered anew', () => {
    const uses = new NewUses()
    const pinned = (...texts: string[]) => ({ snapshots: [snapshotOf([], { pins: compilePins(texts) })] })
    uses.of(pinned('shop/app:v1'))
    expect(uses.of(pinned('shop/app:v1'))).toBeUndefined()
    expect(uses.of(pinned('shop/app:v1', 'shop/**'))?.snapshots[0]?.pins.texts).toContain('shop/**')
    expect(uses.of({ snapshots: [snapshotOf([], { pins: NO_PINS })] })).toBeUndefined()
    const claim = {
      ...{ installation: 'other', writtenAt: 0, synced: true, trusted: true },
      ...{ images: [first.image], digests: [digestOf('a')], configs: [], pins: ['shop/**'] },
    }
    expect(uses.of({ snapshots: [], claims: [claim] })?.claims?.[0]).toEqual(claim)
    const more = { ...claim, images: [first.image, second.image] }
    expect(uses.of({ snapshots: [], claims: [more] })?.claims?.[0]).toMatchObject({
      ...{ images: [second.image], digests: [], pins: [] },
    })
  })
})
