import { expect, it } from 'vitest'
import { NodeSource } from '#clusters/node-source.ts'
import { distinctPlatforms } from '#inventory/platforms.ts'

const node = (uid: string, os: string, architecture: string) => ({ uid, os, architecture })

it('knows each platform as long as a node has it', () => {
  let changes = 0
  const nodes = new NodeSource(() => {
    changes += 1
  })
  const platforms = () => distinctPlatforms(nodes.platforms()).map((p) => `${p.os}/${p.architecture}`)
  nodes.upsert(node('1', 'linux', 'amd64'))
  nodes.upsert(node('2', 'linux', 'amd64'))
  nodes.upsert(node('3', 'windows', 'amd64'))
  nodes.upsert(node('4', 'linux', 'arm64'))
  expect(platforms()).toEqual(['linux/amd64', 'linux/arm64', 'windows/amd64'])
  nodes.remove(node('1', 'linux', 'amd64'))
  nodes.remove(node('4', 'linux', 'arm64'))
  expect(platforms()).toEqual(['linux/amd64', 'windows/amd64'])
  expect(changes).toBe(6)
})

it('is not woken by heartbeats, nor by a node that has not reported its platform', () => {
  let changes = 0
  const nodes = new NodeSource(() => {
    changes += 1
  })
  nodes.upsert(node('1', '', ''))
  expect([...nodes.platforms()]).toEqual([])
  nodes.upsert(node('1', 'linux', 'amd64'))
  nodes.upsert(node('1', 'linux', 'amd64'))
  nodes.remove(node('2', 'linux', 'amd64'))
  expect(changes).toBe(1)
})

it('swaps on a complete list and keeps what it has on a broken one', () => {
  const nodes = new NodeSource(() => undefined)
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
