import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ListCollector, type ReflectorSink } from '#kube/list-collector.ts'

interface Item {
  readonly key: string
  readonly value: number
}

class MapSink implements ReflectorSink<Item> {
  items = new Map<string, number>()
  aborted = 0

  beginReplace() {
    const next = new Map<string, number>()
    return {
      add: (item: Item) => void next.set(item.key, item.value),
      commit: () => {
        this.items = next
      },
      abort: () => {
        this.aborted += 1
      },
    }
  }

  upsert({ key, value }: Item): void {
    this.items.set(key, value)
  }

  remove({ key }: Item): void {
    this.items.delete(key)
  }
}

describe('ListCollector', () => {
  it('ends with what the events say in their order, also when objects go while the list comes', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean(), fc.nat(100)), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(events, (script) => {
        const sink = new MapSink()
        sink.items.set('old', 1)
        const collector = new ListCollector(sink)
        const expected = new Map<string, number>()
        for (const [key, gone, value] of script) {
          const known = expected.has(key)
          if (gone && !known) continue
          if (gone) expected.delete(key)
          else expected.set(key, value)
          collector.event({
            type: gone ? 'DELETED' : known ? 'MODIFIED' : 'ADDED',
            item: { key, value },
            resourceVersion: '1',
          })
        }
        expect([...sink.items]).toEqual([['old', 1]])
        expect(collector.commit()).toBe(expected.size)
        expect(new Map(sink.items)).toEqual(expected)
        collector.abort()
        expect(sink.aborted).toBe(0)
      }),
    )
  })

  it('leaves everything as it was when the list breaks off', () => {
    const sink = new MapSink()
    sink.items.set('old', 1)
    const collector = new ListCollector(sink)
    collector.add({ key: 'new', value: 2 })
    collector.abort()
    collector.abort()
    expect([[...sink.items], sink.aborted]).toEqual([[['old', 1]], 1])
  })
})
