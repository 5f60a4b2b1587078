import { describe, expect, it } from 'vitest'
import { PodSource } from '#clusters/pod-source.ts'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import type { PodProjection } from '#kube/pod-projection.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

const DAY = 24 * 60 * 60 * 1000

function sourceOf(retainMs?: number) {
  const uses = new ClusterUses()
  const clock = new FakeClock()
  const seen = { changes: 0 }
  const onChange = () => {
    seen.changes += 1
  }
  const tables = { table: uses.table('pods'), kept: uses.table('pods/kept') }
  return { uses, clock, seen, pods: new PodSource({ ...tables, clock, retainMs, onChange }) }
}

const pod = (uid: string, finishedAt?: number): PodProjection => ({
  uid,
  namespace: 'shop',
  name: uid,
  resourceVersion: '1',
  nodeName: '',
  createdAt: 0,
  deletionTimestamp: false,
  keep: '',
  phase: finishedAt === undefined ? 'Running' : 'Succeeded',
  finishedAt,
  hasPullSecrets: false,
  containers: [{ kind: 'container', image: `${uid}:1`, imageID: '', pullPolicy: '', waitingReason: '' }],
  volumeImages: [],
})

describe('a finished pod', () => {
  it('S02: counts for a time after its finish, and no longer', () => {
    const { uses, clock, pods, seen } = sourceOf(31 * DAY)
    pods.upsert(pod('fresh', clock.now()))
    pods.upsert(pod('old', clock.now() - 30 * DAY))
    pods.upsert(pod('runs'))
    pods.sweep()
    expect(uses.pods).toBe(3)
    expect(seen.changes).toBe(3)
    clock.jump(2 * DAY)
    pods.sweep()
    pods.sweep()
    expect(uses.has('old:1')).toBe(false)
    expect(uses.pods).toBe(2)
    expect(seen.changes).toBe(4)
  })

  it('S02: of longer ago is not taken in, neither from a list nor from a watch, and gone if it was held', () => {
    const { uses, clock, pods } = sourceOf(31 * DAY)
    const longAgo = clock.now() - 31 * DAY - 1
    pods.upsert(pod('a', longAgo))
    const list = pods.beginReplace()
    list.add(pod('b', longAgo))
    list.add(pod('c'))
    list.commit()
    expect(uses.pods).toBe(1)
    pods.upsert(pod('c', longAgo))
    expect(uses.counters.objects).toBe(0)
  })

  it('S02: counts as running where its finish cannot be', () => {
    const { uses, clock, pods } = sourceOf(31 * DAY)
    pods.upsert(pod('clockless', 1_000))
    pods.upsert(pod('ahead', clock.now() + DAY))
    expect(uses.pods).toBe(2)
    expect(uses.lastFinishes().size).toBe(0)
    clock.jump(100 * DAY)
    pods.sweep()
    expect(uses.pods).toBe(2)
  })

  it('S02: keeps what its annotation names for as long as it counts', () => {
    const { uses, clock, pods } = sourceOf(31 * DAY)
    const keeping = (finishedAt?: number) => ({ ...pod('a', finishedAt), keep: 'more:1' })
    pods.upsert(keeping())
    expect(uses.has('more:1')).toBe(true)
    pods.upsert(keeping(clock.now()))
    clock.jump(31 * DAY)
    pods.sweep()
    expect(uses.has('more:1')).toBe(true)
    clock.jump(DAY)
    pods.sweep()
    expect(uses.counters.objects).toBe(0)
  })

  it('counts as long as it exists where nobody says for how long', () => {
    const { uses, clock, pods } = sourceOf()
    pods.upsert(pod('old', clock.now() - 9_000 * DAY))
    pods.sweep()
    expect(uses.pods).toBe(1)
  })
})

it('a pod that says nothing new wakes nobody', () => {
  const { pods, seen } = sourceOf()
  pods.upsert(pod('a'))
  pods.upsert({ ...pod('a'), nodeName: 'node-1', phase: 'Running' })
  pods.remove(pod('b'))
  expect(seen.changes).toBe(1)
})
