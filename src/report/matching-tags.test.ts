import { describe, expect, test } from 'vitest'
import { matchingTags, type TagQuery, type TagTable } from '#report/matching-tags.ts'

const TABLE: TagTable = {
  repositories: ['shop/api', 'shop/Web'],
  reasons: ['41 newer digests Superseded', 'prod/cart runs it InUse'],
  rules: ['', 'nightly'],
  tag: ['1.0', '2.0', 'v1-RC'],
  digest: ['sha256:aa', 'sha256:bb', 'sha256:aa'],
  repository: [0, 0, 1],
  action: [0, 2, 1],
  code: [0, 1, 0],
  reason: [0, 1, 0],
  rule: [1, 0, 1],
}
const find = (query: Partial<TagQuery>) =>
  matchingTags(TABLE, { text: '', actions: [0, 1, 2], code: null, ...query })

describe('the filter of the page of a plan', () => {
  test.each([
    ['', [0, 1, 2]],
    ['shop', [0, 1, 2]],
    ['web', [2]],
    ['v1-rc', [2]],
    ['SUPERSEDED newer', [0, 2]],
    ['cart', [1]],
    ['nightly api', [0]],
    ['sha256:aa', [0, 2]],
    ['shop/api:2.0', [1]],
    ['shop/web:v1', [2]],
    ['shop/api:v1', []],
    ['nothing has this', []],
  ])('finds by words: %s', (text, found) => {
    expect(find({ text })).toEqual(found)
  })

  test('finds by action and reason', () => {
    expect(find({ actions: [0, 1] })).toEqual([0, 2])
    expect(find({ actions: [2] })).toEqual([1])
    expect(find({ code: 0, actions: [1], text: 'v' })).toEqual([2])
    expect(find({ code: 1, actions: [0] })).toEqual([])
  })
})
