import { describe, expect, test } from 'vitest'
import { Announced } from '#runtime/announced.ts'
import type { CustomObject } from '#runtime/custom-object.ts'

interface Status {
  readonly said: string
}

function object(said?: string, uid = 'u'): CustomObject<Status> {
  const metadata = { namespace: 'ns', name: 'a', uid }
  const base = { apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry', metadata }
  return said === undefined ? base : { ...base, status: { said } }
}

describe('what was announced of an object', () => {
  test('is at first what its status says: somebody told that', () => {
    expect(new Announced<Status>().before(object('old'))).toEqual({ said: 'old' })
    expect(new Announced<Status>().before(object())).toBeUndefined()
  })

  test('stays what it was while a status is stored of which nothing was told', () => {
    const announced = new Announced<Status>()
    announced.before(object('old'))
    // The answer to the write of "new" was lost: the watch brings it all the same.
    expect(announced.before(object('new'))).toEqual({ said: 'old' })
    announced.set(object('old'), { said: 'new' })
    expect(announced.before(object('new'))).toEqual({ said: 'new' })
  })

  test('is nothing of another object that has its name', () => {
    const announced = new Announced<Status>()
    announced.set(object('old'), { said: 'old' })
    expect(announced.before(object(undefined, 'v'))).toBeUndefined()
  })

  test('is forgotten with the object', () => {
    const announced = new Announced<Status>()
    announced.set(object(), { said: 'old' })
    announced.forget('ns/a')
    expect(announced.before(object('stored'))).toEqual({ said: 'stored' })
  })

  test('is after a new term began what the other leader has stored, not what we told before it', () => {
    const announced = new Announced<Status>()
    announced.set(object(), { said: 'ours' })
    announced.forgetAll()
    expect(announced.before(object('theirs'))).toEqual({ said: 'theirs' })
  })
})
