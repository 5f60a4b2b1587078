import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { readAsItComes } from './body-reader.ts'

const KIB = 1024

it('hands on every byte in order, and resolves at the end', async () => {
  const pieces = ['one', 'two', 'three'].map((text) => Buffer.from(text))
  const seen: string[] = []
  await readAsItComes(Readable.from(pieces), (chunk) => seen.push(Buffer.from(chunk).toString()))
  expect(seen).toEqual(['one', 'two', 'three'])
})

it('lets others have their turn after 64 KiB, however much has arrived', async () => {
  const body = new Readable({ read: () => undefined, highWaterMark: 1024 * KIB })
  for (let piece = 0; piece < 40; piece += 1) body.push(Buffer.alloc(16 * KIB))
  body.push(null)
  let inThisTurn = 0
  let most = 0
  let ended = false
  const read = readAsItComes(body, (chunk) => {
    inThisTurn += chunk.length
    most = Math.max(most, inThisTurn)
  }).finally(() => {
    ended = true
  })
  let turns = 0
  while (!ended) {
    await setImmediate()
    inThisTurn = 0
    turns += 1
  }
  await read
  expect(most).toBeLessThanOrEqual(128 * KIB)
  expect(turns).toBeGreaterThanOrEqual(5)
})

it('closes the body and throws what the reader threw', async () => {
  const body = Readable.from([Buffer.from('a'), Buffer.from('b')])
  const broken = new Error('not an event')
  const seen: string[] = []
  const read = readAsItComes(body, (chunk) => {
    seen.push(Buffer.from(chunk).toString())
    throw broken
  })
  await expect(read).rejects.toBe(broken)
  expect(body.destroyed).toBe(true)
  expect(seen).toEqual(['a'])
})

it('throws what broke the body', async () => {
  const body = new Readable({ read: () => undefined })
  const read = readAsItComes(body, () => undefined)
  body.destroy(new Error('cut'))
  await expect(read).rejects.toThrow('cut')
})

it('throws where the body was closed before its end', async () => {
  const body = new Readable({ read: () => undefined })
  const read = readAsItComes(body, () => undefined)
  body.destroy()
  await expect(read).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
})

it('shares the time of a turn between all bodies, and hands on every piece in order', async () => {
  const seen = new Map<string, string[]>()
  let inThisTurn = 0
  let most = 0
  const reads = Array.from({ length: 8 }, (_, body) => {
    const pieces = Array.from({ length: 5 }, (_, piece) => Buffer.from(`${body}.${piece}`))
    return readAsItComes(Readable.from(pieces), (chunk) => {
      const text = Buffer.from(chunk).toString()
      const [name = ''] = text.split('.')
      seen.set(name, [...(seen.get(name) ?? []), text])
      inThisTurn += 1
      most = Math.max(most, inThisTurn)
      const until = performance.now() + 3
      while (performance.now() < until);
    })
  })
  let ended = false
  const all = Promise.all(reads).finally(() => {
    ended = true
  })
  while (!ended) {
    await setImmediate()
    inThisTurn = 0
  }
  await all
  // Two take the time of one turn; the immediates of a turn see the end of one and the beginning of the next.
  expect(most).toBeLessThanOrEqual(5)
  for (const [name, texts] of seen) expect(texts).toEqual([0, 1, 2, 3, 4].map((piece) => `${name}.${piece}`))
  expect(seen.size).toBe(8)
})
