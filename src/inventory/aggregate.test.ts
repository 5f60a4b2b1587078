import { describe, expect, it } from 'vitest'
import { aggregate, type UsageRow } from '#inventory/aggregate.ts'
import { isPulled } from '#inventory/snapshot.ts'
import { type ContainerUse, USE_KINDS } from '#inventory/using-object.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const container = (image: string, more: Partial<ContainerUse> = {}): ContainerUse => ({
  image,
  running: undefined,
  neverPull: false,
  pullFailing: false,
  ...more,
})
const row = (more: Partial<UsageRow> = {}): UsageRow => ({
  cluster: 'here',
  namespace: 'shop',
  workload: { kind: 'Deployment', name: 'web' },
  use: 'pod',
  finished: false,
  hasPullSecrets: false,
  count: 1,
  containers: [container('nginx:1')],
  ...more,
})

describe('aggregate', () => {
  it('has one entry for each image as it is written, sorted', () => {
    const images = aggregate([row({ containers: [container('nginx:1'), container('docker.io/nginx:1')] })])
    expect(images.map(({ image }) => image)).toEqual(['docker.io/nginx:1', 'nginx:1'])
  })

  it('keeps an image that is no legal reference', () => {
    const [use] = aggregate([row({ containers: [container('Not A Reference')] })])
    expect(use).toMatchObject({ image: 'Not A Reference', reference: undefined, pods: 1 })
  })

  it('counts a pod once, however many of its containers have the image', () => {
    const twice = [container('nginx:1', { pullFailing: true }), container('nginx:1', { pullFailing: true })]
    expect(aggregate([row({ count: 3, containers: twice })])).toMatchObject([{ pods: 3, pullFailures: 3 }])
  })

  it('counts as failing only the pods that wait', () => {
    const rows = [
      row({ count: 2, containers: [container('nginx:1', { pullFailing: true })] }),
      row({ count: 5, workload: { kind: 'Deployment', name: 'api' } }),
    ]
    expect(aggregate(rows)).toMatchObject([{ pods: 7, pullFailures: 2 }])
  })

  it('says neverPulled only where every container says so (S24)', () => {
    const never = row({ containers: [container('nginx:1', { neverPull: true })] })
    expect(aggregate([never])).toMatchObject([{ neverPulled: true }])
    expect(aggregate([never, row()])).toMatchObject([{ neverPulled: false }])
  })

  it('says withPullSecret where one pod names a secret (S24)', () => {
    expect(aggregate([row()])).toMatchObject([{ withPullSecret: false }])
    expect(aggregate([row(), row({ hasPullSecrets: true })])).toMatchObject([{ withPullSecret: true }])
  })

  it('keeps digests of manifests and of configs apart (S06)', () => {
    const config = `sha256:${'b'.repeat(64)}`
    const rows = [
      row({ containers: [container('nginx:1', { running: { kind: 'manifest', digest: DIGEST } })] }),
      row({ containers: [container('nginx:1', { running: { kind: 'config', digest: config } })] }),
      row({ containers: [container('nginx:1', { running: { kind: 'manifest', digest: DIGEST } })] }),
    ]
    expect(aggregate(rows)).toMatchObject([{ runningDigests: [DIGEST], runningConfigs: [config] }])
  })

  it('names ten users at most, the first by cluster, namespace, kind and name, each once', () => {
    const names = Array.from({ length: 30 }, (_, i) => `w-${String(i % 15).padStart(2, '0')}`).reverse()
    const [use] = aggregate([
      ...names.map((name) => row({ workload: { kind: 'Deployment', name } })),
      row({ cluster: 'a-first', workload: { kind: 'Pod', name: 'z' } }),
    ])
    expect(use?.users.map(({ cluster, name }) => `${cluster}/${name}`)).toEqual([
      'a-first/z',
      ...Array.from({ length: 9 }, (_, i) => `here/w-0${i}`),
    ])
  })

  it('lists every namespace', () => {
    const namespaces = Array.from({ length: 40 }, (_, i) => `ns-${String(i).padStart(2, '0')}`)
    const rows = [...namespaces].reverse().map((namespace) => row({ namespace }))
    expect(aggregate(rows)[0]?.namespaces).toEqual(namespaces)
  })

  it('counts pods, other objects and nodes apart, and names each kind of use once, the strongest first', () => {
    const images = aggregate([
      row({ use: 'node', namespace: '', workload: { kind: 'Node', name: 'n' }, count: 7 }),
      row({ use: 'history', count: 3 }),
      row({ use: 'template' }),
      row({ count: 2 }),
      row({ count: 2, workload: { kind: 'Job', name: 'j' } }),
    ])
    expect(images).toMatchObject([
      { pods: 4, objects: 4, nodesCaching: 7, kinds: ['pod', 'template', 'history', 'node'] },
    ])
  })

  it('names the users of the strongest kinds of use first, each once', () => {
    const named = (name: string) => ({ workload: { kind: 'Deployment', name } })
    const nodes = Array.from({ length: 20 }, (_, i) =>
      row({ use: 'node', namespace: '', workload: { kind: 'Node', name: `a-${i}` } }),
    )
    const [use] = aggregate([
      ...nodes,
      row({ use: 'history', ...named('b') }),
      row({ use: 'history', ...named('z') }),
      row({ use: 'template', ...named('y') }),
      row({ ...named('z') }),
    ])
    expect(use?.users.slice(0, 4).map(({ name }) => name)).toEqual(['z', 'y', 'b', 'a-0'])
    expect(use?.users).toHaveLength(10)
  })

  it('reads policies, secrets and namespaces only from what may pull (S24)', () => {
    const idle = [
      row({ use: 'history', namespace: 'prod', hasPullSecrets: true }),
      row({ use: 'helm', namespace: 'prod', hasPullSecrets: true }),
      row({ use: 'node', namespace: '' }),
    ]
    const never = { containers: [container('nginx:1', { neverPull: true })] }
    expect(aggregate([...idle, row(never)])).toMatchObject([
      { neverPulled: true, withPullSecret: false, namespaces: ['shop'] },
    ])
    expect(aggregate(idle)).toMatchObject([
      { neverPulled: false, withPullSecret: false, namespaces: ['prod'] },
    ])
  })

  it('says finishedOnly where nothing else uses it, not even the cache of a node', () => {
    const finished = row({ finished: true })
    expect(aggregate([finished])).toMatchObject([{ finishedOnly: true, pods: 1 }])
    for (const other of [row(), row({ use: 'node', namespace: '' })]) {
      expect(aggregate([finished, other])).toMatchObject([{ finishedOnly: false }])
      expect(aggregate([other, finished])).toMatchObject([{ finishedOnly: false }])
    }
  })

  it('has as pulled what pods, templates, declared fields and annotations name', () => {
    const pulled = USE_KINDS.filter((use) => aggregate([row({ use })]).every(isPulled))
    expect(pulled).toEqual(['pod', 'template', 'custom', 'kept'])
  })
})
