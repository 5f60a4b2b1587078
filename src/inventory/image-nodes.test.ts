import { expect, test } from 'vitest'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import { imageNodes } from '#inventory/image-nodes.ts'
import type { ContainerUse, UsingObject } from '#inventory/using-object.ts'

const container = (image: string, more: Partial<ContainerUse> = {}): ContainerUse => ({
  image,
  running: undefined,
  neverPull: false,
  pullFailing: false,
  ...more,
})
const pod = (name: string, more: Partial<UsingObject> = {}): UsingObject => ({
  uid: name,
  namespace: 'shop',
  name,
  kind: 'Pod',
  use: 'pod',
  hasPullSecrets: false,
  images: [container('web:1')],
  phase: 'Running',
  ...more,
})
const node = (name: string, ...images: string[]) =>
  pod(name, { kind: 'Node', namespace: '', use: 'node', images: images.map((image) => container(image)) })

function clusterOf(name: string, ...objects: UsingObject[]) {
  const uses = new ClusterUses()
  for (const each of objects) uses.table(each.kind).upsert(each)
  return { name, uses }
}

test('names where an image runs, ran and lies, in each cluster, once for each node', () => {
  const here = clusterOf(
    'here',
    node('b', 'web:1', 'other:1'),
    node('a', 'web:1'),
    pod('web-1', { node: 'b' }),
    pod('web-2', { node: 'b', images: [container('web:1'), container('web:1'), container('side:1')] }),
    pod('old', { node: 'c', phase: 'Failed', finishedAt: 60_000 }),
  )
  const there = clusterOf('there', pod('web-1', { node: 'b' }))
  expect(imageNodes([here, there], ['web:1', 'side:1', 'nowhere:1'], 10)).toEqual(
    new Map([
      [
        'web:1',
        {
          runs: ['here/b', 'there/b'],
          ran: ['here/c'],
          caches: ['here/a', 'here/b'],
          cachingCount: 2,
        },
      ],
      ['side:1', { runs: ['here/b'], ran: [], caches: [], cachingCount: 0 }],
    ]),
  )
})

test('a pod that has not started, that is not scheduled, or that cannot pull the image runs it nowhere', () => {
  const here = clusterOf(
    'here',
    pod('starts', { node: 'a', phase: 'Pending' }),
    pod('waits'),
    pod('fails', { node: 'a', images: [container('web:1', { pullFailing: true }), container('side:1')] }),
  )
  expect(imageNodes([here], ['web:1'], 10)).toEqual(new Map())
})

test('names no more nodes than asked for, and counts all that cache it', () => {
  const many = Array.from({ length: 30 }, (_, i) => [
    node(`node-${i}`, 'web:1'),
    pod(`web-${i}`, { node: `node-${i}` }),
  ])
  const nodes = imageNodes([clusterOf('here', ...many.flat())], ['web:1'], 3).get('web:1')
  const first = ['here/node-0', 'here/node-1', 'here/node-10']
  expect(nodes).toEqual({ runs: first, ran: [], caches: first, cachingCount: 30 })
})
