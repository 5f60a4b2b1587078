import { describe, expect, it } from 'vitest'
import { NodeSource } from '#clusters/node-source.ts'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import { distinctPlatforms } from '#inventory/platforms.ts'
import { whoUses } from '#inventory/who-uses.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const node = (uid: string, os: string, architecture: string, images: string[] = []) => ({
  uid,
  name: `node-${uid}`,
  os,
  architecture,
  images,
})

function sourceOf() {
  const uses = new ClusterUses()
  const seen = { changes: 0 }
  const nodes = new NodeSource(uses.table('nodes'), () => {
    seen.changes += 1
  })
  return { uses, nodes, seen }
}

describe('the platforms of nodes', () => {
  it('are known as long as a node has them', () => {
    const { nodes, seen } = sourceOf()
    const platforms = () => distinctPlatforms(nodes.platforms()).map((p) => `${p.os}/${p.architecture}`)
    nodes.upsert(node('1', 'linux', 'amd64'))
    nodes.upsert(node('2', 'linux', 'amd64'))
    nodes.upsert(node('3', 'windows', 'amd64'))
    nodes.upsert(node('4', 'linux', 'arm64'))
    expect(platforms()).toEqual(['linux/amd64', 'linux/arm64', 'windows/amd64'])
    nodes.remove(node('1', 'linux', 'amd64'))
    nodes.remove(node('4', 'linux', 'arm64'))
    expect(platforms()).toEqual(['linux/amd64', 'windows/amd64'])
    expect(seen.changes).toBe(6)
  })

  it('wake nobody for a heartbeat, nor for a node that has not reported its own', () => {
    let changes = 0
    const nodes = new NodeSource(undefined, () => {
      changes += 1
    })
    nodes.upsert(node('1', '', ''))
    expect([...nodes.platforms()]).toEqual([])
    nodes.upsert(node('1', 'linux', 'amd64'))
    nodes.upsert(node('1', 'linux', 'amd64'))
    nodes.remove(node('2', 'linux', 'amd64'))
    expect(changes).toBe(1)
  })

  it('are swapped on a complete list and kept on a broken one', () => {
    const { nodes } = sourceOf()
    nodes.upsert(node('1', 'linux', 'amd64'))
    const broken = nodes.beginReplace()
    broken.add(node('2', 'linux', 'arm64'))
    broken.abort()
    expect([...nodes.platforms()]).toEqual([{ os: 'linux', architecture: 'amd64' }])
    const complete = nodes.beginReplace()
    complete.add(node('2', 'linux', 'arm64'))
    complete.commit()
    expect([...nodes.platforms()]).toEqual([{ os: 'linux', architecture: 'arm64' }])
  })
})

describe('S07: what nodes cache', () => {
  it('is in use, by every name, and its digest with it', () => {
    const { uses, nodes } = sourceOf()
    nodes.upsert(node('1', 'linux', 'amd64', [`r.example/pause@${DIGEST}`, 'r.example/pause:3.10']))
    nodes.upsert(node('2', 'linux', 'amd64', ['r.example/pause:3.10', '<none>:<none>', '<none>@<none>']))
    expect(uses.images).toBe(2)
    expect(uses.pods).toBe(0)
    expect(whoUses([{ name: 'here', uses }], { images: ['r.example/pause:3.10'] }, 5)).toMatchObject([
      { nodes: ['node-1', 'node-2'], workloads: [] },
    ])
    expect(whoUses([{ name: 'here', uses }], { digests: [DIGEST] }, 5)).toMatchObject([{ nodes: ['node-1'] }])
  })

  it('takes no tag for a digest', () => {
    const { uses, nodes } = sourceOf()
    nodes.upsert(node('1', 'linux', 'amd64', [`app:${'0'.repeat(40)}`]))
    expect(uses.counters).toMatchObject({ images: 1, digests: 0 })
  })

  it('goes with the node, and with what a complete list no longer names', () => {
    const { uses, nodes, seen } = sourceOf()
    nodes.upsert(node('1', 'linux', 'amd64', ['a:1', 'b:1']))
    nodes.upsert(node('2', 'linux', 'amd64', ['b:1']))
    nodes.upsert(node('1', 'linux', 'amd64', ['b:1']))
    expect(seen.changes).toBe(3)
    expect(uses.has('a:1')).toBe(false)
    nodes.remove(node('1', 'linux', 'amd64'))
    expect(uses.has('b:1')).toBe(true)
    const broken = nodes.beginReplace()
    broken.abort()
    expect(uses.has('b:1')).toBe(true)
    const complete = nodes.beginReplace()
    complete.add(node('3', 'linux', 'amd64', ['c:1']))
    expect(uses.has('c:1')).toBe(true)
    complete.commit()
    expect(uses.has('b:1')).toBe(false)
  })
})
