import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { UsageClaim } from '#inventory/claim.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import { locate } from '#inventory/locate.ts'
import { compilePins } from '#inventory/pins.ts'
import { usedImages } from '#scan/used-images.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const NAMES = { host: 'registry.example.com', aliases: [{ host: 'mirror.example.com', prefix: 'hub' }] }

it('S06 S14: knows by repository what references name and what runs, under every name that may mean it', () => {
  const images = [
    imageUse(`registry.example.com/shop/cart@${digest('a')}`),
    imageUse('mirror.example.com/hub/shop/cart:v1', { runningDigests: [digest('b')] }),
    imageUse('unlisted.example.com/x/shop/cart:v1', { runningDigests: [digest('c')] }),
    imageUse(`https://other.example.com//shop/cart@${digest('d')}`),
    imageUse('registry.example.com/web:v1'),
  ]
  const remembered = [
    {
      ...{
        image: 'registry.example.com/web:v0',
        cluster: 'prod',
        firstSeen: 0,
        lastSeen: 0,
        users: [],
        configs: [],
      },
      reference: imageUse('registry.example.com/web:v0').reference,
      digests: [digest('e')],
    },
  ]
  const pins = compilePins([`registry.example.com/web@${digest('f')}`])
  const used = usedImages({ snapshots: [snapshotOf(images, { remembered, pins })] }, NAMES)
  expect([...used.digests('shop/cart')].sort()).toEqual(['a', 'b', 'c', 'd'].map(digest))
  expect([...used.digests('web')].sort()).toEqual(['e', 'f'].map(digest))
  expect([...used.digests('shop')]).toEqual([])
})

it.each([
  ['ghcr.io/shop/cart', 'ghcr.io/shop/cart'],
  ['Registry.example.com/Web', 'web'],
])('S06: %s may mean %s', (image, repository) => {
  const used = usedImages({ snapshots: [snapshotOf([imageUse(`${image}@${digest('a')}`)])] }, NAMES)
  expect([...used.digests(repository)]).toEqual([digest('a')])
})

it('S06 S14: knows the digest of whatever counts as in use by its name', () => {
  const segment = fc.constantFrom('shop', 'Cart', 'web', 'hub', 'ghcr.io', 'registry.example.com')
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
  const host = fc.constantFrom(
    '',
    'registry.example.com/',
    'mirror.example.com/',
    'Ghcr.io/',
    'https://',
    `\${R}/`,
  )
  fc.assert(
    fc.property(host, path, path, fc.boolean(), (host, path, asked, isRunning) => {
      const image = imageUse(
        isRunning ? `${host}${path}:v1` : `${host}${path}@${digest('a')}`,
        isRunning ? { runningDigests: [digest('a')] } : {},
      )
      const known = { snapshots: [snapshotOf([image])] }
      const repository = asked.toLowerCase()
      const [match] = inUseIndex(known, NAMES).usesOf({ repository })
      // A reference to the registry itself means one repository of it.
      const isNamed = image.reference !== undefined && locate(image.reference, NAMES) !== undefined
      fc.pre(match !== undefined && !(isNamed && match.kind === 'suspected-alias'))
      expect([...usedImages(known, NAMES).digests(repository)]).toEqual([digest('a')])
    }),
    { numRuns: 500 },
  )
})

it('S36: knows by repository the tags that references name, but for those with a digest', () => {
  const images = [
    imageUse('registry.example.com/shop/cart:prod'),
    imageUse(`registry.example.com/shop/cart:v1@${digest('a')}`),
    imageUse('unlisted.example.com/x/shop/cart:edge'),
    imageUse('registry.example.com/web'),
  ]
  const used = usedImages({ snapshots: [snapshotOf(images)] }, NAMES)
  expect([...used.tags('shop/cart')].sort()).toEqual(['edge', 'prod'])
  expect([...used.tags('web')]).toEqual(['latest'])
})

it('S35: knows what others claim and pin', () => {
  const claim: UsageClaim = {
    ...{ installation: 'other', writtenAt: 0, synced: true, trusted: true, digests: [], configs: [] },
    images: [`registry.example.com/shop/cart@${digest('a')}`, 'registry.example.com/shop/cart:prod'],
    pins: [`shop/cart@${digest('b')}`],
  }
  const used = usedImages({ snapshots: [], claims: [claim] }, NAMES)
  expect([...used.digests('shop/cart')].sort()).toEqual(['a', 'b'].map(digest))
  expect([...used.tags('shop/cart')]).toEqual(['prod'])
})

it('S39: knows who speaks of a repository, and whether under a name of the registry', () => {
  const elsewhere = imageUse('unlisted.example.com/x/shop/cart:v1')
  const named = imageUse('mirror.example.com/hub/shop/cart:v1')
  const said = (images: readonly ReturnType<typeof imageUse>[], ...pins: string[]) =>
    usedImages({ snapshots: [snapshotOf(images, { pins: compilePins(pins) })] }, NAMES).useOf('shop/cart')
  expect(said([])).toBeUndefined()
  expect(said([imageUse('registry.example.com/web:v1')])).toBeUndefined()
  const suspected = { isNamed: false, reason: { kind: 'suspected-alias', use: elsewhere } }
  expect(said([elsewhere])).toEqual(suspected)
  for (const images of [
    [elsewhere, named],
    [named, elsewhere],
  ])
    expect(said(images)).toEqual({ isNamed: true, reason: { kind: 'reference', use: named } })
  expect(said([imageUse('https://other.example.com//shop/cart:v1')])?.isNamed).toBe(false)
  expect(said([], 'shop/cart:v1')).toMatchObject({ isNamed: true, reason: { kind: 'pinned' } })
  expect(said([], 'other.example.com/shop/cart')).toMatchObject({ isNamed: false })
  const ofMirror = usedImages(
    { snapshots: [snapshotOf([], { pins: compilePins(['ghcr.io/shop/cart']) })] },
    NAMES,
  )
  expect(ofMirror.useOf('ghcr.io/shop/cart')).toMatchObject({ isNamed: true })
  const claim: UsageClaim = {
    ...{
      installation: 'other',
      writtenAt: 0,
      synced: true,
      trusted: true,
      digests: [],
      configs: [],
      pins: [],
    },
    images: ['registry.example.com/shop/cart'],
  }
  const claimed = usedImages({ snapshots: [], claims: [claim] }, NAMES).useOf('shop/cart')
  expect(claimed).toMatchObject({ isNamed: true, reason: { claimed: { installation: 'other' } } })
})
