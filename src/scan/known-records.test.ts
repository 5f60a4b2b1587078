import { expect, test } from 'vitest'
import { KnownRecords } from './known-records.ts'

const at = { url: 'https://r.example', repository: 'tallyman/policies/apps/web', tag: 'record' }

test('S32: what was sent may be there or not until an answer says so, and what it replaces may be no more after that', () => {
  const known = new KnownRecords()
  const ours = () => [undefined, 'a', 'b', 'c'].filter((digest) => known.isOurs(at, digest))
  expect(ours()).toEqual([undefined])
  known.sends(at, 'a')
  expect(ours()).toEqual([undefined, 'a'])
  expect(known.seenAt(at)).toBeUndefined()
  known.saw(at, 'a')
  expect(ours()).toEqual(['a'])
  known.sends(at, 'b')
  known.sends(at, 'c')
  expect(ours()).toEqual(['a', 'b', 'c'])
  expect(known.seenAt(at)).toBe('a')
})
