import { expect, it } from 'vitest'
import { LinkedQueue } from '#registry/linked-queue.ts'

it('is first in, first out, and lets nodes go from its middle', () => {
  const queue = new LinkedQueue<number>()
  const [, second] = [1, 2, 3].map((value) => queue.push(value))
  if (second !== undefined) queue.remove(second)
  if (second !== undefined) queue.remove(second)
  expect(queue.size).toBe(2)
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([1, 3, undefined])
  queue.push(4)
  expect(queue.shift()).toBe(4)
})

it('holds nothing through a node that is out: whoever kept the first one would keep all requests that ever waited', () => {
  const queue = new LinkedQueue<number>()
  const first = queue.push(1)
  const second = queue.push(2)
  queue.push(3)
  queue.shift()
  queue.shift()
  expect(first).toMatchObject({ next: undefined, previous: undefined })
  expect(second).toMatchObject({ next: undefined, previous: undefined })
})
