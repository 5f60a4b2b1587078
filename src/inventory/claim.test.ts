import { describe, expect, test } from 'vitest'
import { type ClaimedSnapshot, claimOf } from '#inventory/claim.ts'
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
    expect(claim).toMatchObject({ synced: false, trusted: false })
    expect(claim.images).toHaveLength(100_000)
    const pins = compilePins(Array.from({ length: 5_001 }, (_, index) => `a${index}/*`))
    expect(claimOf([snapshot({ pins })], 'u', 0)).toMatchObject({ synced: false, pins: [] })
  })

  test('cuts texts that are too long for a reference', () => {
    const claim = claimOf([snapshot({ images: [imageUse(`app:${'x'.repeat(5_000)}`)] })], 'u', 0)
    expect(claim.images[0]).toHaveLength(1_025)
  })
})
