import { expect, test } from 'vitest'
import { BELIEVED_AFTER_MS, doubtEmpty, type EmptyInput } from '#retention/emptied-repositories.ts'
import type { RegistryMemory } from '#retention/registry-memory.ts'
import { digestOf, READ_AT, registryFacts } from '#test/harness/registry-facts.ts'

const GONE = { repository: 'shop/app', tag: 'v1', digest: digestOf('v1') }
const EMPTY = { name: 'shop/app', incomplete: undefined, tags: [], untagged: [] }
const MEMORY: RegistryMemory = {
  ...{ registry: { uid: 'u', url: 'https://r.example' }, at: 0, firstAt: 0 },
  repositories: new Map([
    ['shop/app', { tags: ['v1'], digests: [GONE.digest], boundSince: [0], digestSince: [0] }],
  ]),
}
const why = (input: Partial<EmptyInput>, changes: Partial<typeof EMPTY> = {}) => {
  const facts = registryFacts([{ ...EMPTY, ...changes }], [])
  const doubted = doubtEmpty(facts, { before: MEMORY, went: [], isUsed: () => false, ...input })
  return doubted.facts.repositories[0]?.incomplete
}

test('S39: what had tags that nobody is known to have removed is not taken for empty', () => {
  expect(why({})).toBe('it lists no tags, and had 1 tag that nobody is known to have removed')
  expect(why({ went: undefined })).toBeDefined()
  expect(why({ went: [{ ...GONE, digest: digestOf('another') }] })).toBeDefined()
  expect(why({ went: [GONE] })).toBeUndefined()
  expect(why({ before: undefined })).toBeUndefined()
})

test('S39: what somebody uses is not taken for empty, unless the registry has that without a tag', () => {
  const used = { before: undefined, isUsed: (repository: string) => repository === 'shop/app' }
  expect(why(used)).toBe('it lists no tags, and an image of it is in use')
  expect(why({ ...used, isUsed: (repository) => repository === 'shop' })).toBeUndefined()
  expect(why({ before: undefined, isUsed: () => true }, { name: 'other' })).toBeDefined()
  const facts = registryFacts([{ ...EMPTY, untagged: [digestOf('running')] }], [])
  expect(doubtEmpty(facts, { ...used, went: [] }).facts.repositories[0]?.incomplete).toBeUndefined()
})

test('S39: what has listed no tags for a day is believed', () => {
  const at = (since: number) => ({ ...MEMORY, emptySince: new Map([['shop/app', since]]) })
  const facts = registryFacts([EMPTY], [])
  const first = doubtEmpty(facts, { before: MEMORY, went: [], isUsed: () => false })
  expect(first.emptySince).toEqual(new Map([['shop/app', READ_AT]]))
  expect(why({ before: at(READ_AT - BELIEVED_AFTER_MS + 1) })).toBeDefined()
  expect(why({ before: at(READ_AT - BELIEVED_AFTER_MS) })).toBeUndefined()
})
