import { expect, test } from 'vitest'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import { pullingObjectsInSteps } from '#inventory/pulling-objects.ts'
import type { UsingObject } from '#inventory/using-object.ts'

const object = (kind: string, name: string, more: Partial<UsingObject> = {}): UsingObject => ({
  ...{ uid: `${kind} ${name}`, namespace: 'shop', name, kind, hasPullSecrets: false },
  use: kind === 'Pod' ? 'pod' : 'template',
  images: [{ image: 'web:1', running: undefined, neverPull: false, pullFailing: false }],
  ...more,
})
const owned = (kind: string, name: string) => ({ owner: { kind, name } })

function found(...objects: UsingObject[]): string[] {
  const uses = new ClusterUses()
  for (const each of objects) uses.table(each.kind).upsert(each)
  const steps = pullingObjectsInSteps([{ name: 'here', uses }], ['web:1', 'nowhere:1'], 1)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  const pulling = step.value
  expect([...pulling.keys()]).toEqual(pulling.size === 0 ? [] : ['web:1'])
  return (pulling.get('web:1') ?? []).map(({ kind, name, workload }) => `${workload}: ${kind} ${name}`).sort()
}

const deployment = object('Deployment', 'web')
const replicaSet = object('ReplicaSet', 'web-1', owned('Deployment', 'web'))
const pod = (name: string, more = {}) => object('Pod', name, { ...owned('ReplicaSet', 'web-1'), ...more })

test('of a workload with pods one of them, in whatever order they come', () => {
  const expected = [expect.stringMatching('^here/shop/Deployment/web: Pod web-1-[ab]$')]
  expect(found(deployment, replicaSet, pod('web-1-a'), pod('web-1-b'))).toEqual(expected)
  expect(found(replicaSet, pod('web-1-a'), pod('web-1-b'), deployment)).toEqual(expected)
})

test('a workload without a pod by itself, and not what makes pods for it', () => {
  const job = object('Job', 'nightly-1', owned('CronJob', 'nightly'))
  const cronJob = object('CronJob', 'nightly')
  expect(found(deployment, replicaSet, job, cronJob)).toEqual([
    'here/shop/CronJob/nightly: CronJob nightly',
    'here/shop/Deployment/web: Deployment web',
  ])
  expect(found(deployment, replicaSet, pod('web-1-a', { finishedAt: 1, phase: 'Failed' }))).toEqual([
    'here/shop/Deployment/web: Deployment web',
  ])
})

test('a pod of nobody is its own workload', () => {
  expect(found(object('Pod', 'alone'))).toEqual(['here/shop/Pod/alone: Pod alone'])
})

test('what is history, kept or declared by another kind pulls nothing that could be tried', () => {
  expect(
    found(object('ReplicaSet', 'old', { use: 'history' }), object('Rollout', 'web', { use: 'custom' })),
  ).toEqual([])
})
