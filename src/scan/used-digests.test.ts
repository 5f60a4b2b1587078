import { expect, it } from 'vitest'
import { compilePins } from '#inventory/pins.ts'
import { usedDigests } from '#scan/used-digests.ts'
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
  const of = usedDigests([snapshotOf(images, { remembered, pins })], NAMES)
  expect([...of('shop/cart')].sort()).toEqual(['a', 'b', 'c', 'd'].map(digest))
  expect([...of('web')].sort()).toEqual(['e', 'f'].map(digest))
  expect([...of('shop')]).toEqual([])
})
