import { expect, test } from 'vitest'
import { counted } from '#catalogue/counted.ts'

test.each([
  [0, '0 tags', '0 repositories'],
  [1, '1 tag', '1 repository'],
  [2, '2 tags', '2 repositories'],
])('%d of something', (count, tags, repositories) => {
  expect(counted(count, 'tag')).toBe(tags)
  expect(counted(count, 'repository', 'repositories')).toBe(repositories)
})
