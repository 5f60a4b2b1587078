import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { Controller } from '#runtime/controller.ts'
import { enqueueDependants, enqueueOwn } from '#runtime/enqueue.ts'
import { Metrics } from '#runtime/metrics.ts'
import { type Change, ObjectStore } from '#runtime/object-store.ts'
import { DONE } from '#runtime/result.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

const log = pino({ level: 'silent' })

function object(name: string, resourceVersion: string, more: { uid?: string; generation?: number } = {}) {
  return { metadata: { namespace: 'ns', name, uid: name, generation: 1, resourceVersion, ...more } }
}
type Item = ReturnType<typeof object>

function newStore() {
  const store = new ObjectStore<Item>(log)
  const changes: Change<Item>[] = []
  store.onChange((change) => changes.push(change))
  const replace = (...items: Item[]) => {
    const session = store.beginReplace()
    for (const item of items) session.add(item)
    return session
  }
  return { store, changes, replace }
}

test('a store tells what a list changed: new, other versions, gone; and nothing about the rest', () => {
  const { store, changes, replace } = newStore()
  replace(object('a', '1'), object('b', '1'), object('c', '1')).commit()
  expect(changes.map(({ key, initial }) => [key, initial])).toEqual([
    ['ns/a', true],
    ['ns/b', true],
    ['ns/c', true],
  ])
  changes.length = 0
  replace(object('a', '1'), object('b', '2'), object('d', '1')).commit()
  expect(
    changes.map(({ key, old, current, initial }) => [
      key,
      old?.metadata.resourceVersion,
      current?.metadata.resourceVersion,
      initial,
    ]),
  ).toEqual([
    ['ns/b', '1', '2', false],
    ['ns/d', undefined, '1', false],
    ['ns/c', '1', undefined, false],
  ])
  expect([...store.keys()]).toEqual(['ns/a', 'ns/b', 'ns/d'])
})

test('a list that breaks off changes nothing', () => {
  const { store, changes, replace } = newStore()
  replace(object('a', '1')).commit()
  replace(object('b', '1')).abort()
  expect([store.size, changes.length]).toEqual([1, 1])
})

test('an event that was seen already, or the removal of what is not there, is no change', () => {
  const { store, changes } = newStore()
  store.upsert(object('a', '1'))
  store.upsert(object('a', '1'))
  store.remove(object('b', '1'))
  expect(changes).toHaveLength(1)
})

test('a handler that throws costs neither the others the change nor the caller its life', () => {
  const { store, changes } = newStore()
  const second: string[] = []
  store.onChange(() => {
    throw new Error('a defect')
  })
  const end = store.onChange(({ key }) => second.push(key))
  store.upsert(object('a', '1'))
  end()
  store.upsert(object('a', '2'))
  expect([changes.length, second.length, store.get('ns/a')?.metadata.resourceVersion]).toEqual([2, 1, '2'])
})

test('lists a namespace, or all', () => {
  const { store } = newStore()
  store.upsert(object('a', '1'))
  store.upsert({ metadata: { ...object('b', '1').metadata, namespace: 'other' } })
  expect(store.list('ns').map(({ metadata }) => metadata.name)).toEqual(['a'])
  expect(store.list()).toHaveLength(2)
})

test('a controller works on its own kind when the spec changed, and on what refers to a changed object', async () => {
  const clock = new FakeClock()
  const metrics = new Metrics()
  onTestFinished(() => metrics.close())
  const keys: string[] = []
  const controller = new Controller({
    name: 'check',
    clock,
    log,
    metrics,
    keys: () => [],
    reconcile: async (key) => {
      keys.push(key)
      return DONE
    },
  })
  const own = new ObjectStore<Item>(log)
  const others = new ObjectStore<Item>(log)
  enqueueOwn(own, controller)
  enqueueDependants(others, controller, ({ metadata }) => [`ns/uses-${metadata.name}`])
  void controller.run(new AbortController().signal)
  const settled = async () => {
    await clock.advance(1)
    return keys.splice(0)
  }
  own.upsert(object('a', '1'))
  expect(await settled()).toEqual(['ns/a'])
  own.upsert(object('a', '2'))
  expect(await settled()).toEqual([])
  own.upsert(object('a', '3', { generation: 2 }))
  expect(await settled()).toEqual(['ns/a'])
  others.upsert(object('registry', '1'))
  expect(await settled()).toEqual(['ns/uses-registry'])
  others.remove(object('registry', '1'))
  expect(await settled()).toEqual(['ns/uses-registry'])
})
