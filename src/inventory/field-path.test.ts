import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { evaluate, parseFieldPath, ROOT } from '#inventory/field-path.ts'

const ROLLOUT = {
  metadata: { annotations: { 'example.com/image': 'kept:1', 'a"b\\c': 'odd:1' } },
  spec: {
    containers: [{ image: 'a:1' }, { name: 'no image' }, { image: 'b:2' }],
    images: { web: 'c:3', worker: 'd:4' },
    replicas: 0,
    nothing: null,
  },
}
const at = (path: string, value: unknown = ROLLOUT) => evaluate(parseFieldPath(path), value)

function messageOf(path: string): string {
  try {
    parseFieldPath(path, 'spec.path')
  } catch (error) {
    if (error instanceof TallymanError && error.code === 'SPEC_INVALID') return error.message
    throw error
  }
  return 'was read'
}

describe('a field path', () => {
  test.each<[string, unknown[]]>([
    ['spec.containers[*].image', ['a:1', 'b:2']],
    ['spec.containers[2].image', ['b:2']],
    ['spec.containers[3].image', []],
    ['spec.images[*]', ['c:3', 'd:4']],
    ['spec["images"].web', ['c:3']],
    ['["spec"].images["web"]', ['c:3']],
    ['metadata.annotations["example.com/image"]', ['kept:1']],
    ['metadata.annotations.example', []],
    ['metadata.annotations["a\\"b\\\\c"]', ['odd:1']],
    ['spec.replicas', [0]],
    ['spec.nothing', [null]],
    ['spec.nothing.deeper', []],
    ['spec.absent', []],
    ['spec.containers.image', []],
    ['spec[0]', []],
    ['spec.replicas[*]', []],
    ['spec.constructor', []],
    ['spec.containers.length', []],
  ])('%s finds %j', (path, found) => {
    expect(at(path)).toEqual(found)
  })

  test('starts at a list as well as at a map', () => {
    expect(at('[*].image', [{ image: 'a' }, { image: 'b' }])).toEqual(['a', 'b'])
    expect(at('[1]', ['a', 'b'])).toEqual(['b'])
  })

  test('that is empty cannot be written: the whole object is ROOT', () => {
    expect(evaluate(ROOT, ROLLOUT)).toEqual([ROLLOUT])
  })

  test.each([
    ['', 'position 1: expected a key or [, found the end'],
    ['.spec', 'position 1: expected a key or [, found "."'],
    ['spec.', 'position 6: expected a key, found the end'],
    ['spec..image', 'position 6: expected a key, found "."'],
    ['spec.[0]', 'position 6: expected a key, found "["'],
    ['spec.*.image', 'position 6: expected a key, found "*"'],
    ['spec image', 'position 5: expected a dot, [ or the end, found " "'],
    ['images[', 'position 8: expected *, a number or a key in double quotes, found the end'],
    ['images[-1]', 'position 8: expected *, a number or a key in double quotes, found "-"'],
    ["images['a']", 'position 8: expected *, a number or a key in double quotes, found "\'"'],
    ['images[*', 'position 9: expected ], found the end'],
    ['images[1a]', 'position 9: expected ], found "a"'],
    ['images[12345678]', 'position 16: expected no more than 7 digits, found "]"'],
    ['images[*]x', 'position 10: expected a dot, [ or the end, found "x"'],
    ['images["a', 'position 10: expected a closing double quote, found the end'],
    ['images["a\\', 'position 11: expected a character, found the end'],
  ])('%j is refused: %s', (path, message) => {
    expect(messageOf(path)).toBe(`spec.path: ${JSON.stringify(path)} at ${message}`)
  })

  test('is bounded in length and in steps', () => {
    expect(messageOf('a'.repeat(512))).toBe('was read')
    expect(messageOf('a'.repeat(513))).toBe('spec.path: longer than 512 characters')
    expect(messageOf(Array(32).fill('a').join('.'))).toBe('was read')
    expect(messageOf(Array(33).fill('a').join('.'))).toContain('expected no more than 32 steps')
  })

  test('finds no more than the limit, and goes on over items that have nothing', () => {
    const items = [...Array(20_000).fill({}), { image: 'last' }]
    expect(at('[*].image', items)).toEqual(['last'])
    expect(evaluate(parseFieldPath('[*]'), items, 3)).toHaveLength(3)
    expect(at('[*]', items)).toHaveLength(10_000)
  })

  const key = fc.oneof(fc.stringMatching(/^[\w$/:-]{1,8}$/), fc.string({ minLength: 1, maxLength: 8 }))
  const spelled = (name: string) =>
    /^[\w$/:-]+$/.test(name) ? `.${name}` : `["${name.replace(/["\\]/g, '\\$&')}"]`

  test('reaches every value of every object', () => {
    const object = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 3 }),
      ),
    })).node
    fc.assert(
      fc.property(object, (value) => {
        for (const [path, leaf] of leavesOf(value)) {
          if (path !== '') expect(at(path.replace(/^\./, ''), value)).toEqual([leaf])
        }
      }),
    )

    function leavesOf(value: unknown, path = ''): [string, unknown][] {
      if (typeof value !== 'object' || value === null) return [[path, value]]
      const children = Array.isArray(value)
        ? value.map((item, index): [string, unknown] => [`${path}[${index}]`, item])
        : Object.entries(value).map(([name, item]): [string, unknown] => [path + spelled(name), item])
      return [[path, value], ...children.flatMap(([below, item]) => leavesOf(item, below))]
    }
  })

  test('is read or refused with SPEC_INVALID, whatever the text, and never throws on a value', () => {
    const odd = fc
      .array(fc.constantFrom('a', '.', '[', ']', '*', '"', '\\', '0', ' '))
      .map((all) => all.join(''))
    fc.assert(
      fc.property(fc.oneof(odd, fc.string()), fc.anything(), (text, value) => {
        if (messageOf(text) === 'was read') expect(at(text, value).length).toBeLessThanOrEqual(10_000)
      }),
      { numRuns: 1_000 },
    )
  })
})
