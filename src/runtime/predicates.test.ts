import { expect, test } from 'vitest'
import { needsReconcile, pendingRequest, sameWork, type Watched } from '#runtime/predicates.ts'

const metadata = { uid: 'u', generation: 1, annotations: { other: '1' } }
const object: Watched = { metadata }
const asked = (token: string): Watched => ({
  metadata: { ...metadata, annotations: { 'tallyman.dev/requestedAt': token } },
})

test.each([
  ['it is new', undefined, object, true],
  ['it is gone', object, undefined, true],
  ['its generation changed', object, { metadata: { ...metadata, generation: 2 } }, true],
  ['it was marked for deletion', object, { metadata: { ...metadata, deletionTimestamp: 'now' } }, true],
  ['another object has its name', object, { metadata: { ...metadata, uid: 'v' } }, true],
  ['a run was asked for', object, asked('1'), true],
  ['another run was asked for', asked('1'), asked('2'), true],
  [
    'only its status or another annotation changed',
    object,
    { metadata: { ...metadata, annotations: {} } },
    false,
  ],
] as const)('an object is worked on when %s', (_, old, current, expected) => {
  expect(needsReconcile(old, current)).toBe(expected)
})

test('work goes on when only a run was asked for', () => {
  expect(sameWork(object, asked('1'))).toBe(true)
  expect(sameWork(object, { metadata: { ...metadata, generation: 2 } })).toBe(false)
})

test.each([
  ['is suspended', { a: [{ b: 1 }] }, { a: [{ b: 1 }], suspend: true }, true],
  ['goes on after it was suspended', { a: 1, suspend: true }, { a: 1, suspend: false }, true],
  ['is suspended and changed', { a: 1 }, { a: 2, suspend: true }, false],
  ['loses a field', { a: 1, b: 1 }, { a: 1 }, false],
] as const)('S21: whether running work finishes when its object %s', (_, spec, changed, expected) => {
  const old: Watched = { metadata, spec }
  const current: Watched = { metadata: { ...metadata, generation: 2 }, spec: changed }
  expect(sameWork(old, current)).toBe(expected)
  expect(needsReconcile(old, current)).toBe(true)
})

test('work ends when its object is marked for deletion, or is another one', () => {
  expect(sameWork(object, { metadata: { ...metadata, deletionTimestamp: 'now' } })).toBe(false)
  expect(sameWork(object, { metadata: { ...metadata, uid: 'v' } })).toBe(false)
})

test('a request is pending until the status echoes it, also one that is longer than the status takes', () => {
  expect(pendingRequest(object)).toBeUndefined()
  expect(pendingRequest(asked('1'))).toBe('1')
  expect(pendingRequest({ ...asked('2'), status: { lastHandledReconcileAt: '1' } })).toBe('2')
  expect(pendingRequest({ ...asked('2'), status: { lastHandledReconcileAt: '2' } })).toBeUndefined()
  const long = asked('x'.repeat(1_000))
  const token = pendingRequest(long)
  expect(token).toHaveLength(256)
  expect(pendingRequest({ ...long, status: { lastHandledReconcileAt: token } })).toBeUndefined()
})
