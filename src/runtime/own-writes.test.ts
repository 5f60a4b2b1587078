import { describe, expect, test } from 'vitest'
import { OwnWrites } from '#runtime/own-writes.ts'

const version = (resourceVersion: string, name = 'a') => ({
  metadata: { namespace: 'ns', name, resourceVersion },
})

describe('what was written and not watched yet', () => {
  test('is newer than every version that it replaced, and older than any other', () => {
    const own = new OwnWrites()
    own.add(version('1'), version('2'))
    own.add(version('2'), version('3'))
    expect(own.latest(version('1'))).toEqual(version('3'))
    expect(own.latest(version('2'))).toEqual(version('3'))
    expect(own.latest(version('3'))).toEqual(version('3'))
    // The watch has caught up: an older version never comes again, but as the version of a later write.
    expect(own.latest(version('1'))).toEqual(version('1'))
  })

  test('replaces what another task of ours wrote from an older base', () => {
    const own = new OwnWrites()
    own.add(version('1'), version('2'))
    own.add(version('1'), version('3'))
    expect(own.latest(version('2'))).toEqual(version('3'))
  })

  test('is nothing where nothing differed', () => {
    const own = new OwnWrites()
    own.add(version('1'), version('1'))
    expect(own.latest(version('1'))).toEqual(version('1'))
  })

  test('is forgotten with its object and with the term, and is none of another object', () => {
    const own = new OwnWrites()
    own.add(version('1'), version('2'))
    own.add(version('1', 'b'), version('2', 'b'))
    expect(own.latest(version('1', 'c'))).toEqual(version('1', 'c'))
    own.forget('ns/a')
    expect(own.latest(version('1'))).toEqual(version('1'))
    own.forgetAll()
    expect(own.latest(version('1', 'b'))).toEqual(version('1', 'b'))
  })
})
