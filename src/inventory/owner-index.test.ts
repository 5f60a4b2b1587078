import { describe, expect, it } from 'vitest'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import { type ImageUses, imageUses } from '#inventory/image-uses.ts'
import type { UsingObject } from '#inventory/using-object.ts'

const EMPTY = { objects: 0, pods: 0, usages: 0, images: 0, digests: 0, owners: 0, texts: 0, textBytes: 0 }

const image = (text: string) => ({ image: text, running: undefined, neverPull: false, pullFailing: false })
const pod = (name: string, kind: string, owner: string): UsingObject => ({
  uid: name,
  namespace: 'shop',
  name,
  kind: 'Pod',
  use: 'pod',
  owner: { kind, name: owner },
  hasPullSecrets: false,
  images: [image(`${name}:1`)],
})
const owned = (kind: string, name: string, owner?: UsingObject['owner'], uid = name): UsingObject => ({
  uid,
  namespace: 'shop',
  name,
  kind,
  use: 'history',
  owner,
  hasPullSecrets: false,
  images: [],
})

/** What is read, always from what was read before, as consumers do. */
class Reader {
  readonly uses = new ClusterUses()
  #before: ImageUses | undefined

  workloadOf(of: string): string | undefined {
    this.#before = imageUses([{ name: 'here', uses: this.uses }], this.#before)
    const use = this.#before.images.find((each) => each.image === of)
    return use?.users.map(({ kind, name }) => `${kind}/${name}`).join()
  }
}

describe('the owner of a pod', () => {
  it('is the Rollout of its ReplicaSet as soon as the ReplicaSet is known, and as long', () => {
    const reader = new Reader()
    const sets = reader.uses.table('replicasets')
    const set = owned('ReplicaSet', 'web-7d4b9c8f6d', { kind: 'Rollout', name: 'web' })
    reader.uses.table('pods').upsert(pod('web', 'ReplicaSet', set.name))
    expect(reader.workloadOf('web:1')).toBe('Deployment/web')
    sets.upsert(set)
    expect(reader.workloadOf('web:1')).toBe('Rollout/web')
    sets.upsert({ ...set, owner: { kind: 'Rollout', name: 'shop' } })
    expect(reader.workloadOf('web:1')).toBe('Rollout/shop')
    sets.remove(set)
    expect(reader.workloadOf('web:1')).toBe('Deployment/web')
  })

  it('is the ReplicaSet or Job that nobody owns, whatever its name looks like', () => {
    const reader = new Reader()
    for (const [kind, name] of [
      ['ReplicaSet', 'web-7d4b9c8f6d'],
      ['Job', 'import-20260131'],
    ] as const) {
      reader.uses.table(kind).upsert(owned(kind, name))
      reader.uses.table('pods').upsert(pod(name, kind, name))
      expect(reader.workloadOf(`${name}:1`)).toBe(`${kind}/${name}`)
    }
  })

  it('is that of the same namespace', () => {
    const reader = new Reader()
    const set = owned('ReplicaSet', 'web-7d4b9c8f6d', { kind: 'Rollout', name: 'web' })
    reader.uses.table('replicasets').upsert({ ...set, namespace: 'other' })
    reader.uses.table('pods').upsert(pod('web', 'ReplicaSet', set.name))
    expect(reader.workloadOf('web:1')).toBe('Deployment/web')
  })

  it('is that of the new ReplicaSet where a list finds another one under the same name', () => {
    const reader = new Reader()
    const sets = reader.uses.table('replicasets')
    const set = owned('ReplicaSet', 'web-7d4b9c8f6d', { kind: 'Rollout', name: 'old' }, 'old')
    sets.upsert(set)
    reader.uses.table('pods').upsert(pod('web', 'ReplicaSet', set.name))
    const list = sets.beginReplace()
    list.add({ ...set, uid: 'new', owner: { kind: 'Rollout', name: 'new' } })
    expect(reader.workloadOf('web:1')).toBe('Rollout/new')
    list.commit()
    expect(reader.workloadOf('web:1')).toBe('Rollout/new')
    const again = sets.beginReplace()
    again.add({ ...set, uid: 'newer', owner: { kind: 'Deployment', name: 'web' } })
    expect(reader.workloadOf('web:1')).toBe('Deployment/web')
    again.commit()
    expect(reader.workloadOf('web:1')).toBe('Deployment/web')
    expect(reader.uses.counters.owners).toBe(0)
  })

  it('is not what it was where the ReplicaSet now has another name', () => {
    const reader = new Reader()
    const set = owned('ReplicaSet', 'web-7d4b9c8f6d', { kind: 'Rollout', name: 'web' }, 'one')
    reader.uses.table('pods').upsert(pod('web', 'ReplicaSet', set.name))
    reader.uses.table('replicasets').upsert(set)
    expect(reader.workloadOf('web:1')).toBe('Rollout/web')
    reader.uses.table('replicasets').upsert({ ...set, name: 'web-68bdfc9d7' })
    expect(reader.workloadOf('web:1')).toBe('Deployment/web')
  })

  it('is right for every pod also when more become known at once than are told apart', () => {
    const reader = new Reader()
    const names = Array.from({ length: 1_200 }, (_, i) => `web-${i}-7d4b9c8f6d`)
    for (const name of names) reader.uses.table('pods').upsert(pod(name, 'ReplicaSet', name))
    reader.workloadOf('')
    for (const name of names) {
      reader.uses.table('replicasets').upsert(owned('ReplicaSet', name, { kind: 'Rollout', name: 'all' }))
    }
    for (const name of [names.at(0), names.at(-1)]) expect(reader.workloadOf(`${name}:1`)).toBe('Rollout/all')
    expect(reader.uses.counters.owners).toBe(names.length)
    reader.uses.clear()
    expect(reader.uses.counters).toEqual(EMPTY)
  })

  it('takes no room where names tell the truth', () => {
    const { uses } = new Reader()
    const table = uses.table('replicasets')
    table.upsert(owned('ReplicaSet', 'web-7d4b9c8f6d', { kind: 'Deployment', name: 'web' }))
    table.upsert(owned('ReplicaSet', 'my-db'))
    expect(uses.counters.owners).toBe(0)
  })
})
