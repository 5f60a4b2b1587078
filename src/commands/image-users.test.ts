import { expect, test } from 'vitest'
import { imageUsers } from '#commands/image-users.ts'
import type { UsageRow } from '#inventory/aggregate.ts'
import type { UseKind } from '#inventory/using-object.ts'

function row(place: string, use: UseKind, ...images: string[]): UsageRow {
  const [cluster = '', namespace = '', kind = '', name = ''] = place.split('/')
  return {
    ...{
      cluster,
      namespace,
      workload: { kind, name },
      use,
      finished: false,
      hasPullSecrets: false,
      count: 1,
    },
    containers: images.map((image) => ({ image, running: undefined, neverPull: false, pullFailing: false })),
  }
}

test('every workload that uses an image is named once, the strongest use first', () => {
  const users = imageUsers([
    row('prod/shop/Deployment/web', 'history', 'old:1', 'side:1'),
    row('prod/shop/Deployment/web', 'pod', 'web:1', 'side:1', 'side:1'),
    row('prod/app/Deployment/web', 'template', 'side:1'),
    row('edge/shop/Deployment/web', 'pod', 'side:1'),
  ])
  const web = { namespace: 'shop', kind: 'Deployment', name: 'web' }
  expect([...users.keys()].sort()).toEqual(['old:1', 'side:1', 'web:1'])
  expect(users.get('side:1')).toEqual({
    clusters: ['edge', 'prod'],
    workloads: [
      { cluster: 'edge', ...web },
      { cluster: 'prod', ...web },
      { cluster: 'prod', ...web, namespace: 'app' },
    ],
  })
})

test('a node that caches an image is no workload, and its cluster counts', () => {
  const users = imageUsers([row('prod//Node/worker-1', 'node', 'cached:1')])
  expect(users.get('cached:1')).toEqual({ clusters: ['prod'], workloads: [] })
})
