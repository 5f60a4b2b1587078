import { expect, test } from 'vitest'
import { needsReconcile, pendingRequest, specChanged, type Watched } from '#runtime/predicates.ts'

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
  expect(specChanged(object, asked('1'))).toBe(false)
  expect(specChanged(object, { metadata: { ...metadata, generation: 2 } })).toBe(true)
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
