import { expect, test } from 'vitest'
import { compareVersions, tagVersion } from '#retention/tag-version.ts'

test('versions have two or three numbers, with or without a v', () => {
  expect(tagVersion('v1.4.2')).toEqual({ major: 1, minor: 4, patch: 2 })
  expect(tagVersion('1.4')).toEqual({ major: 1, minor: 4, patch: 0 })
})

test.each(['20261101', 'v1', 'latest', '1.2.3-rc.1', '1.2.3-alpine', '1.2.3.4', '01.2.3', 'main-1.2', ''])(
  '%s is no version',
  (tag) => {
    expect(tagVersion(tag)).toBeUndefined()
  },
)

test('versions are compared number by number', () => {
  const sorted = ['1.10.0', '1.9.9', '2.0', '1.10.1']
    .flatMap((tag) => tagVersion(tag) ?? [])
    .sort(compareVersions)
  expect(sorted.map(({ major, minor, patch }) => [major, minor, patch].join('.'))).toEqual([
    ...['1.9.9', '1.10.0', '1.10.1', '2.0.0'],
  ])
})
