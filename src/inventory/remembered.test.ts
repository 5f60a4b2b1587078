import { expect, test } from 'vitest'
import { rememberedImages } from '#inventory/remembered.ts'

test('S02: what a ledger remembers says of each image what ran, and of what only the config is known', () => {
  const entry = { firstSeen: 1, lastSeen: 2, watched: 3, users: ['apps/Deployment/web'] }
  const seen = (digest: string, isConfig: boolean) => ({ digest, isConfig, watched: 3 })
  const entries = [
    { ...entry, image: 'r.example/app:1', digests: [seen('sha256:a', false), seen('sha256:b', true)] },
    { ...entry, image: 'No Reference', digests: [] },
  ]
  const common = { cluster: 'edge', firstSeen: 1, lastSeen: 2, users: ['apps/Deployment/web'] }
  expect(rememberedImages('edge', entries)).toEqual([
    {
      ...common,
      image: 'r.example/app:1',
      reference: { host: 'r.example', repository: 'app', tag: '1' },
      digests: ['sha256:a'],
      configs: ['sha256:b'],
    },
    { ...common, image: 'No Reference', reference: undefined, digests: [], configs: [] },
  ])
})
