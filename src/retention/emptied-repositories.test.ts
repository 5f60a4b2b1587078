import { expect, test } from 'vitest'
import {
  BELIEVED_AFTER_MS,
  doubtEmpty,
  type EmptyInput,
  type RepositoryUse,
} from '#retention/emptied-repositories.ts'
import type { RegistryMemory } from '#retention/registry-memory.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { digestOf, READ_AT, registryFacts } from '#test/harness/registry-facts.ts'

const GONE = { repository: 'shop/app', tag: 'v1', digest: digestOf('v1') }
const EMPTY = { name: 'shop/app', incomplete: undefined, tags: [], untagged: [] }
const MEMORY: RegistryMemory = {
  ...{ registry: { uid: 'u', url: 'https://r.example' }, at: 0, firstAt: 0 },
  repositories: new Map([
    ['shop/app', { tags: ['v1'], digests: [GONE.digest], boundSince: [0], digestSince: [0] }],
  ]),
}
const NAMED: RepositoryUse = {
  isNamed: true,
  reason: { kind: 'reference', use: imageUse('r.example/shop/app:v1') },
}
const MEANT: RepositoryUse = {
  isNamed: false,
  reason: { kind: 'suspected-alias', use: imageUse('hub.example/shop/app:v1') },
}
const nobody = () => undefined
const why = (input: Partial<EmptyInput>, changes: Partial<typeof EMPTY> = {}) => {
  const facts = registryFacts([{ ...EMPTY, ...changes }], [])
  const doubted = doubtEmpty(facts, { before: MEMORY, went: [], useOf: nobody, ...input })
  return doubted.facts.repositories[0]?.incomplete
}

test('S39: what had tags that nobody is known to have removed is not taken for empty', () => {
  const until = new Date(READ_AT + BELIEVED_AFTER_MS).toISOString()
  expect(why({})).toBe(
    `it lists no tags, and had 1 tag that nobody is known to have removed: it counts as empty from ${until}`,
  )
  expect(why({ went: undefined })).toBeDefined()
  expect(why({ went: [{ ...GONE, digest: digestOf('another') }] })).toBeDefined()
  expect(why({ went: [GONE] })).toBeUndefined()
  expect(why({ before: undefined })).toBeUndefined()
})

test('S39: what somebody uses is not taken for empty, unless the registry has that without a tag', () => {
  const useOf = (name: string) => (repository: string) => (repository === name ? NAMED : undefined)
  const used = { before: undefined, useOf: useOf('shop/app') }
  expect(why(used)).toBe(
    'it lists no tags, and an image of it is in use (local/apps/Deployment/web runs it): push that again, or use it no more',
  )
  expect(why({ ...used, useOf: useOf('shop') })).toBeUndefined()
  expect(why({ before: undefined, useOf: () => NAMED }, { name: 'other' })).toBeDefined()
  expect(why({ ...used, before: emptySince(0) })).toMatch(/is in use/)
  const facts = registryFacts([{ ...EMPTY, untagged: [digestOf('running')] }], [])
  expect(doubtEmpty(facts, { ...used, went: [] }).facts.repositories[0]?.incomplete).toBeUndefined()
})

test('S39: what has listed no tags for a day is believed', () => {
  const facts = registryFacts([EMPTY], [])
  const first = doubtEmpty(facts, { before: MEMORY, went: [], useOf: nobody })
  expect(first.emptySince).toEqual(new Map([['shop/app', READ_AT]]))
  expect(why({ before: emptySince(READ_AT - BELIEVED_AFTER_MS + 1) })).toBeDefined()
  expect(why({ before: emptySince(READ_AT - BELIEVED_AFTER_MS) })).toBeUndefined()
})

test('S39: what is only used under another host with its path is believed after a day, and from then on', () => {
  const facts = registryFacts([EMPTY], [])
  const useOf = () => MEANT
  const first = doubtEmpty(facts, { before: undefined, went: [], useOf })
  expect(first.emptySince).toEqual(new Map([['shop/app', READ_AT]]))
  expect(first.facts.repositories[0]?.incomplete).toMatch(
    /^it lists no tags, and an image of it may be in use \(local\/apps\/Deployment\/web runs it as hub\.example\/shop\/app:v1\): it counts as empty from /,
  )
  const { repositories } = MEMORY
  const before = { ...emptySince(READ_AT - BELIEVED_AFTER_MS), repositories: new Map() }
  const believed = doubtEmpty(facts, { before, went: [], useOf })
  expect(believed.facts.repositories[0]?.incomplete).toBeUndefined()
  expect(believed.emptySince).toEqual(before.emptySince)
  expect(why({ before: { ...before, repositories }, useOf })).toBeUndefined()
  expect(why({ before: { ...before, emptySince: new Map() }, useOf })).toBeDefined()
})

function emptySince(since: number): RegistryMemory {
  return { ...MEMORY, emptySince: new Map([['shop/app', since]]) }
}
