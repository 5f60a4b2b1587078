import { expect, test } from 'vitest'
import { garbageAfter, sweptBytes } from '#controllers/policy-garbage.ts'
import { atOnce } from '#inventory/at-once.ts'
import { judged } from '#test/harness/judging.ts'
import { blobOf, imageFacts, repositoryFacts } from '#test/harness/registry-facts.ts'

const base = blobOf('base', 1_000)
/** A build of 10 bytes with a layer of its own, on the same base. @param age newer ones have less */
const build = (name: string, age: number, bytes: number) =>
  imageFacts(name, age, { size: 10, config: undefined, layers: [base, blobOf(name, bytes)] })
const [newest, middle, oldest] = [build('newest', 1, 1), build('middle', 20, 200), build('oldest', 30, 300)]
const judgement = judged({
  repositories: [repositoryFacts('app', { v3: newest, v2: middle, v1: oldest })],
  manifests: [newest, middle, oldest],
})
const swept = (...digests: readonly string[]) =>
  atOnce(sweptBytes(judgement, new Map([['app', new Set(digests)]])))

test('S20: what is swept leaves its own bytes, and not those that something else needs', () => {
  expect(swept(oldest.digest)).toBe(10 + 300)
  expect(swept(oldest.digest, middle.digest)).toBe(2 * 10 + 300 + 200)
})

test('S20: bytes count only when they are swept, and only those of what the judgement lets go', () => {
  expect(swept()).toBe(0)
  expect(swept(newest.digest)).toBe(0)
  expect(swept('sha256:went-earlier')).toBe(0)
})

const trash = { retainFor: '31d', gcWindow: '24h' }
const removed = { onEvict: 'Delete', trash } as const

test('S20: the bytes of all runs add up, and what frees them is said of each product', () => {
  const first = garbageAfter(undefined, 310, 'distribution-2', removed)
  expect(first).toEqual({ sweptBytes: 310, message: expect.stringMatching(/^Run .*never with -m/) })
  expect(garbageAfter(first, 210, 'distribution-3', removed)).toEqual({
    sweptBytes: 520,
    message: expect.stringMatching(/^Run .*garbage-collect -m CONFIG/),
  })
  expect(garbageAfter(first, 0, 'unknown', removed).message).toMatch(
    /^Run the garbage collection of the registry/,
  )
})

test('S20: what the copies in the trash hold is not said to be free for the taking', () => {
  const { message } = garbageAfter(undefined, 310, 'distribution-2', { onEvict: 'Trash', trash })
  expect(message).toMatch(
    /^The copies in the trash hold these bytes until they go, 31d .*\. Run `registry garbage-collect/,
  )
})
