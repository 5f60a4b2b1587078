import { expect, test } from 'vitest'
import { reason, reasonText, unusedReason } from '#retention/reasons.ts'

test('numbers are said as people say them', () => {
  const places = [1, 2, 3, 4, 11, 21, 102].map((place) => reasonText(reason('Newest', '', place)))
  expect(places).toEqual([
    'newest',
    '2nd newest',
    '3rd newest',
    '4th newest',
    '11th newest',
    '21st newest',
    '102nd newest',
  ])
  expect(reasonText(reason('Version', '1.4', 2))).toBe('2nd highest version of 1.4')
  expect(reasonText(reason('Superseded', '', 41, Date.UTC(2026, 7, 2)))).toBe(
    '41 newer digests, not used since 2026-08-02',
  )
  expect(reasonText(reason('InUse', 'a/b/Deployment/c runs it', 2))).toBe(
    'a/b/Deployment/c runs it, as do 2 more',
  )
  expect(reasonText(reason('InUse', 'a/b/Deployment/c runs it', 1))).toBe(
    'a/b/Deployment/c runs it, as does 1 more',
  )
})

test('since when nothing has used it does not say that something did before', () => {
  const at = Date.UTC(2026, 7, 2)
  const said = (isWatchStart: boolean) => reasonText(unusedReason('Superseded', { at, isWatchStart }, 41))
  expect(said(false)).toBe('41 newer digests, not used since 2026-08-02')
  expect(said(true)).toBe('41 newer digests, not used since watching began on 2026-08-02')
  expect(reasonText(unusedReason('Superseded', undefined, 1))).toBe('1 newer digest')
})
