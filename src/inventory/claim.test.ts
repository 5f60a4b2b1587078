import { describe, expect, test } from 'vitest'
import { type ClaimedSnapshot, claimOf } from '#inventory/claim.ts'
import { readClaim, writeClaim } from '#inventory/claim-document.ts'
import { compilePins } from '#inventory/pins.ts'
import { imageUse } from '#test/harness/image-use.ts'

const SHA = (digit: string) => `sha256:${digit.repeat(64)}`

function snapshot(changes: Partial<ClaimedSnapshot> = {}): ClaimedSnapshot {
  return {
    images: [],
    remembered: [],
    pins: compilePins([]),
    synced: true,
    trusted: true,
    coveredMs: 1_000,
    ...changes,
  }
}

const remembered = {
  image: 'r.example/old:1',
  reference: undefined,
  cluster: 'local',
  firstSeen: 0,
  lastSeen: 0,
  users: ['apps/Deployment/web'],
  digests: [SHA('b')],
  configs: [SHA('d')],
}

/** So many images, each of which runs so many digests, those of all images the same where there are several. */
function running(images: number, digests: number, path = 'app') {
  return Array.from({ length: images }, (_, at) =>
    imageUse(`r.example/${path}${at}:1`, {
      runningDigests: Array.from({ length: digests }, (_, of) => sha(digests === 1 ? at : of)),
    }),
  )
}

function sha(number: number): string {
  return `sha256:${number.toString(16).padStart(64, '0')}`
}

describe('S01: the claim of an installation', () => {
  test('is the union of what its inventories know, and names no workload', () => {
    const use = imageUse('r.example/app:1', { runningDigests: [SHA('a')], runningConfigs: [SHA('c')] })
    const first = snapshot({
      images: [use, imageUse('No Reference')],
      pins: compilePins(['**/pause', 'b/*']),
    })
    const second = snapshot({ images: [use], remembered: [remembered], pins: compilePins(['**/pause']) })
    expect(claimOf([first, second], 'uid-1', 5_000)).toEqual({
      installation: 'uid-1',
      writtenAt: 5_000,
      coveredSince: 4_000,
      synced: true,
      trusted: true,
      images: ['No Reference', 'r.example/app:1', `r.example/app@${SHA('a')}`, 'r.example/old:1'],
      digests: [SHA('a'), SHA('b')],
      configs: [SHA('c'), SHA('d')],
      pins: ['**/pause', 'b/*'],
      ledgers: [],
    })
  })

  test('says by which ledgers it remembers, also where it can say no more (S02)', () => {
    const ledger = { inventory: 'ops/all', id: 'one', since: 7, isKept: true }
    const pins = compilePins(Array.from({ length: 5_001 }, (_, index) => `a${index}/*`))
    expect(claimOf([snapshot({ ledger }), snapshot()], 'u', 0).ledgers).toEqual([ledger])
    expect(claimOf([snapshot({ ledger, pins })], 'u', 0)).toMatchObject({
      ...{ exceeded: 'patterns', ledgers: [ledger] },
    })
  })

  test('is as good as the worst of them', () => {
    const claim = claimOf(
      [snapshot({ coveredMs: 100 }), snapshot({ synced: false, trusted: false })],
      'u',
      5_000,
    )
    expect(claim).toMatchObject({ synced: false, trusted: false, coveredSince: 4_900 })
    expect(claimOf([snapshot(), snapshot({ trusted: false })], 'u', 0)).toMatchObject({
      synced: true,
      trusted: false,
    })
    expect(claimOf([snapshot(), snapshot({ coveredMs: undefined })], 'u', 0)).not.toHaveProperty(
      'coveredSince',
    )
  })

  test('says nothing where there is no inventory', () => {
    const claim = claimOf([], 'u', 0)
    expect(claim).toMatchObject({ synced: false, trusted: false, images: [] })
    expect(claim).not.toHaveProperty('coveredSince')
  })

  test('is not synced where it cannot hold everything', () => {
    const images = Array.from({ length: 100_001 }, (_, index) => imageUse(`r.example/app:${index}`))
    expect(claimOf([snapshot({ images: images.slice(1) })], 'u', 0)).toMatchObject({ synced: true })
    const claim = claimOf([snapshot({ images })], 'u', 0)
    expect(claim).toMatchObject({ synced: false, trusted: false, exceeded: 'images', images: [] })
    const pins = compilePins(Array.from({ length: 5_001 }, (_, index) => `a${index}/*`))
    expect(claimOf([snapshot({ pins })], 'u', 0)).toMatchObject({
      synced: false,
      exceeded: 'patterns',
      pins: [],
    })
  })

  test('S35: holds 100,000 images and the digests that they run, for readers that know one list of images too', () => {
    const claim = claimOf([snapshot({ images: running(100_000, 1) })], 'u', 0)
    expect(claim).toMatchObject({ synced: true, trusted: true })
    expect(claim.images).toHaveLength(200_000)
    const text = writeClaim(claim)
    const { images, running: apart } = JSON.parse(text)
    expect([images.length, apart.length]).toEqual([100_000, 100_000])
    expect(images.filter((image: string) => image.includes('@'))).toEqual([])
    expect(readClaim(text, { installation: 'u', now: 0, maxAgeMs: 0 })).toEqual({ claim })
  })

  test('S35: says a digest once that the image names already', () => {
    const images = [`r.example/app:1@${SHA('a')}`, `r.example/web@${SHA('a')}`]
    const uses = images.map((image) => imageUse(image, { runningDigests: [SHA('a')] }))
    expect(claimOf([snapshot({ images: uses })], 'u', 0).images).toEqual(images)
  })

  test.each([
    ['running', running(5, 50_000)],
    ['bytes', running(100_000, 0, 'x'.repeat(700))],
  ])('is not written where a reader refuses it: %s', (exceeded, images) => {
    const claim = claimOf([snapshot({ images })], 'u', 0)
    expect(claim).toMatchObject({ exceeded, synced: false, images: [], digests: [] })
    const read = readClaim(writeClaim(claim), { installation: 'u', now: 0, maxAgeMs: 0 })
    expect(read).toEqual({
      problem: 'NotSynced',
      message: expect.stringMatching(/^Its installation uses more than a claim can say: .*spec\.retain/),
    })
  })

  test('cuts texts that are too long for a reference', () => {
    const claim = claimOf([snapshot({ images: [imageUse(`app:${'x'.repeat(5_000)}`)] })], 'u', 0)
    expect(claim.images[0]).toHaveLength(1_025)
  })
})
