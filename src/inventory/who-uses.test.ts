import { describe, expect, it } from 'vitest'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import type { ContainerUse, UsingObject } from '#inventory/using-object.ts'
import { whoUses } from '#inventory/who-uses.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const container = (image: string, more: Partial<ContainerUse> = {}): ContainerUse => ({
  image,
  running: undefined,
  neverPull: false,
  pullFailing: false,
  ...more,
})
const object = (kind: string, name: string, more: Partial<UsingObject> = {}): UsingObject => ({
  uid: `${kind}/${name}`,
  namespace: 'shop',
  name,
  kind,
  use: 'template',
  hasPullSecrets: false,
  images: [container('web:1')],
  ...more,
})
const pod = (name: string, more: Partial<UsingObject> = {}) => object('Pod', name, { use: 'pod', ...more })
const node = (name: string, ...images: ContainerUse[]) =>
  object('Node', name, { use: 'node', namespace: '', images })

function clusterOf(...objects: UsingObject[]) {
  const uses = new ClusterUses()
  for (const each of objects) uses.table(each.kind).upsert(each)
  return { name: 'here', uses }
}

describe('whoUses', () => {
  const owner = { kind: 'ReplicaSet', name: 'web-7d4b9c8f6d' }
  const shop = clusterOf(
    node('node-2', container(`r.example/web@${DIGEST}`), container('web:1')),
    node('node-1', container('web:1'), container('other:1')),
    object('ReplicaSet', 'web-5c6b7d8f9c', { use: 'history', owner: { kind: 'Rollout', name: 'web' } }),
    object('ReplicaSet', owner.name, { use: 'template', owner: { kind: 'Rollout', name: 'web' } }),
    pod('web-b', { owner, node: 'node-1', phase: 'Running' }),
    pod('web-a', {
      owner,
      node: 'node-2',
      phase: 'Pending',
      images: [container('web:1', { pullFailing: true })],
    }),
    pod('old', { phase: 'Succeeded', finishedAt: 60_000 }),
    pod('runs', { images: [container('web:2', { running: { kind: 'manifest', digest: DIGEST } })] }),
    pod('other', { images: [container('other:1')] }),
  )

  it('names workloads by kind of use, their pods and where they are, and the nodes that cache it', () => {
    expect(whoUses([shop], { images: ['web:1'] }, 10)).toEqual([
      {
        cluster: 'here',
        workloadCount: 4,
        workloads: [
          {
            namespace: 'shop',
            kind: 'Pod',
            name: 'old',
            use: 'pod',
            images: ['web:1'],
            objectCount: 1,
            pullFailures: 0,
            pods: [{ name: 'old', node: '', phase: 'Succeeded', pullFailing: false, finishedAt: 60_000 }],
          },
          {
            namespace: 'shop',
            kind: 'Rollout',
            name: 'web',
            use: 'pod',
            images: ['web:1'],
            objectCount: 2,
            pullFailures: 1,
            pods: [
              { name: 'web-a', node: 'node-2', phase: 'Pending', pullFailing: true },
              { name: 'web-b', node: 'node-1', phase: 'Running', pullFailing: false },
            ],
          },
          {
            namespace: 'shop',
            kind: 'Rollout',
            name: 'web',
            use: 'template',
            images: ['web:1'],
            objectCount: 1,
            pullFailures: 0,
            pods: [],
          },
          {
            namespace: 'shop',
            kind: 'Rollout',
            name: 'web',
            use: 'history',
            images: ['web:1'],
            objectCount: 1,
            pullFailures: 0,
            pods: [],
          },
        ],
        nodeCount: 2,
        nodes: ['node-1', 'node-2'],
      },
    ])
  })

  it('finds a digest where it runs, where a node caches it and where a reference names it (S06)', () => {
    shop.uses.table('Pod').upsert(pod('pinned', { images: [container(`elsewhere/app@${DIGEST}`)] }))
    const [found] = whoUses([shop], { digests: [DIGEST] }, 10)
    expect(found?.workloads.map(({ name, images }) => [name, ...images])).toEqual([
      ['pinned', `elsewhere/app@${DIGEST}`],
      ['runs', 'web:2'],
    ])
    expect(found?.nodes).toEqual(['node-2'])
    shop.uses.table('Pod').remove(pod('pinned'))
  })

  it('finds several images and digests at once', () => {
    const [found] = whoUses([shop], { images: ['other:1', 'nobody:1'], digests: [DIGEST] }, 10)
    expect(found?.workloads.map(({ name }) => name)).toEqual(['other', 'runs'])
    expect(found?.nodes).toEqual(['node-1', 'node-2'])
  })

  it('leaves out clusters in which nobody uses it', () => {
    expect(whoUses([shop, clusterOf(pod('x'))], { images: ['web:2'] }, 10)).toMatchObject([
      { cluster: 'here' },
    ])
    expect(whoUses([shop], { images: ['nobody:1'], digests: [`sha256:${'b'.repeat(64)}`] }, 10)).toEqual([])
    expect(whoUses([shop], {}, 10)).toEqual([])
  })

  it('cuts every list at the limit, the weakest off, and counts on', () => {
    const failing = [container('web:1', { pullFailing: true })]
    const many = Array.from({ length: 20 }, (_, i) => [
      pod(`web-${String(i).padStart(2, '0')}`, {
        owner: { kind: 'StatefulSet', name: 'web' },
        images: i === 19 ? failing : [container('web:1')],
      }),
      object('Deployment', `d-${i}`),
      node(`node-${i}`, container('web:1')),
    ]).flat()
    const [found] = whoUses([clusterOf(...many)], { images: ['web:1'] }, 3)
    expect(found).toMatchObject({ workloadCount: 21, nodeCount: 20 })
    expect(found?.nodes).toHaveLength(3)
    expect(found?.workloads.map(({ use }) => use)).toEqual(['pod', 'template', 'template'])
    expect(found?.workloads[0]).toMatchObject({ objectCount: 20, pullFailures: 1 })
    expect(found?.workloads[0]?.pods.map(({ pullFailing }) => pullFailing)).toEqual([true, false, false])
  })
})
