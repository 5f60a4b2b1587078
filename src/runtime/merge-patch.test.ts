import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergePatch } from '#runtime/merge-patch.ts'

test('holds what changed, null for what is gone, and arrays whole', () => {
  const from = {
    same: 1,
    gone: 'x',
    nested: { same: [1], changed: 1, gone: true },
    list: [{ a: 1 }, { b: 2 }],
  }
  const to = { same: 1, nested: { same: [1], changed: 2 }, list: [{ a: 1 }], added: { deep: {} } }
  expect(mergePatch(from, to)).toEqual({
    gone: null,
    nested: { changed: 2, gone: null },
    list: [{ a: 1 }],
    added: { deep: {} },
  })
})

test('is none where nothing differs, whatever the order of keys, and undefined counts as absent', () => {
  expect(
    mergePatch({ a: { x: 1, y: [{ p: 1, q: 2 }] } }, { a: { y: [{ q: 2, p: 1 }], x: 1 }, b: undefined }),
  ).toBeUndefined()
})

/** RFC 7386, section 2. */
function apply(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result = new Map(
    typeof target === 'object' && target !== null && !Array.isArray(target) ? Object.entries(target) : [],
  )
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, apply(result.get(key), value))
  }
  return Object.fromEntries(result)
}

test('applied by the rules of RFC 7386 it makes the one of the other', () => {
  // A status holds no null: in a merge patch it could not be told from a removal.
  const { object } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 3 })),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    value: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('list'), tie('object')),
  }))
  fc.assert(
    fc.property(object, object, (from, to) => {
      const [a, b] = [Object(from), Object(to)]
      expect(apply(a, mergePatch(a, b) ?? {})).toEqual(b)
    }),
  )
})
