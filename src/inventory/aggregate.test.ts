import { describe, expect, it } from 'vitest'
import { aggregate, type ContainerUse, type UsageRow } from '#inventory/aggregate.ts'

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
  hasPullSecrets: false,
  pods: 1,
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
    expect(aggregate([row({ pods: 3, containers: twice })])).toMatchObject([{ pods: 3, pullFailures: 3 }])
  })

  it('counts as failing only the pods that wait', () => {
    const rows = [
      row({ pods: 2, containers: [container('nginx:1', { pullFailing: true })] }),
      row({ pods: 5, workload: { kind: 'Deployment', name: 'api' } }),
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
})
