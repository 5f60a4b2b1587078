import { expect, test } from 'vitest'
import { type SeenManifest, SeenManifests } from '#scan/seen-manifests.ts'

const LARGE: SeenManifest = { children: Array.from({ length: 19_999 }, (_, at) => `${at}`), indexes: [] }
const SMALL: SeenManifest = { children: [], indexes: [] }

test('remembers so many manifests with their children, and forgets the oldest first', () => {
  const seen = new SeenManifests()
  for (let at = 0; at < 10; at++) seen.set(`${at}`, LARGE)
  // What is replaced counts once, and is new again.
  seen.set('0', LARGE)
  expect(Array.from({ length: 10 }, (_, at) => seen.get(`${at}`))).not.toContain(undefined)
  seen.set('small', SMALL)
  expect([seen.get('1'), seen.get('2'), seen.get('0'), seen.get('small')]).toEqual([
    undefined,
    LARGE,
    LARGE,
    SMALL,
  ])
  for (let at = 0; at < 19_999; at++) seen.set(`small ${at}`, SMALL)
  expect(seen.get('2')).toBe(LARGE)
  seen.set('one more', SMALL)
  expect([seen.get('2'), seen.get('3')]).toEqual([undefined, LARGE])
})
