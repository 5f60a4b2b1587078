import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { ImageRuleSpec } from '#crds/image-sources.ts'
import { compileImageRules } from '#inventory/image-rules.ts'

const found = (rule: ImageRuleSpec, object: unknown) => compileImageRules([rule])(object).images
const SHA = `sha256:${'a'.repeat(64)}`

/** `levels` lists around `value`. */
function nested(value: unknown, levels: number): unknown {
  return levels === 0 ? value : [nested(value, levels - 1)]
}

describe('path', () => {
  const object = {
    spec: {
      containers: [{ image: 'a:1' }, { image: 'b:2', name: 'x' }, { image: '' }, { image: 7 }],
      byName: { web: 'c:3', worker: { main: 'd:4', others: ['e:5'] } },
      parts: { registry: 'r.example', repository: 'team/app', tag: 1.5, pullPolicy: 'Always', init: 'f:6' },
    },
  }

  test.each<[string, string[]]>([
    ['spec.containers[*].image', ['a:1', 'b:2']],
    ['spec.byName', ['c:3', 'd:4', 'e:5']],
    ['spec.byName[*]', ['c:3', 'd:4', 'e:5']],
    ['spec.parts', ['r.example/team/app:1.5', 'f:6']],
    ['spec.absent', []],
  ])('%s names the texts there and below: %j', (path, images) => {
    expect(found({ path }, object)).toEqual(images)
  })
})

describe('join', () => {
  const object = {
    spec: {
      version: '1.10',
      images: [
        { reg: 'r.example/', repo: 'team/app', tag: 'v1' },
        { repo: 'team/web', digest: SHA },
        { reg: 'r.example', tag: 'v1' },
        { repo: 'team/job', tag: null },
        'no object',
      ],
      image: { repo: ['x', 'y', 'x'], tag: 3 },
    },
  }

  test('puts the fields of each object at the path together, and nothing where there is no repository', () => {
    const join = { path: 'spec.images[*]', registry: 'reg', repository: 'repo', tag: 'tag', digest: 'digest' }
    expect(found({ join }, object)).toEqual(['r.example/team/app:v1', `team/web@${SHA}`, 'team/job'])
  })

  test('starts at the whole object where no path is given', () => {
    const join = { repository: 'spec.images[0].repo', tag: 'spec.version' }
    expect(found({ join }, object)).toEqual(['team/app:1.10'])
  })

  test('makes every combination where a field has several values', () => {
    const join = { path: 'spec', repository: 'image.repo[*]', tag: 'images[*].tag' }
    expect(found({ join }, object)).toEqual(['x:v1', 'y:v1'])
    expect(found({ join: { ...join, tag: 'image.tag' } }, object)).toEqual(['x:3', 'y:3'])
  })

  test('does not multiply without end', () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `a${index}`)
    const rules = compileImageRules([{ join: { registry: 'a[*]', repository: 'a[*]', tag: 'a[*]' } }])
    const { images, truncated } = rules({ a: many })
    expect([images.length, truncated]).toEqual([10_000, true])
  })
})

describe('search', () => {
  const object = {
    image: 'outside:1',
    spec: {
      image: 'a:1',
      steps: [{ image: 'b:2', script: 'image' }, { sidecar: { runImage: 'c:3' } }],
      images: { main: 'd:4', image: { repository: 'team/e', tag: 5 } },
    },
  }

  test.each<[string, string[]]>([
    ['image', ['a:1', 'b:2', 'team/e:5']],
    ['*[iI]mage', []],
    ['*mage', ['a:1', 'b:2', 'c:3', 'team/e:5']],
    ['images', ['d:4', 'team/e:5']],
    ['*', ['a:1', 'b:2', 'image', 'c:3', 'd:4', 'team/e:5']],
  ])('finds the texts at and below keys like %s: %j', (key, images) => {
    expect(found({ search: { path: 'spec', key } }, object)).toEqual(images)
  })

  test('looks through the whole object where no path is given', () => {
    expect(found({ search: { key: 'image' } }, object)).toContain('outside:1')
  })
})

describe('named', () => {
  const env = [
    { name: 'RELATED_IMAGE_WEB', value: 'a:1' },
    { name: 'RELATED_IMAGE_DB', value: 'b:2' },
    { name: 'RELATED_IMAGE_REF', valueFrom: {} },
    { name: 'OTHER', value: 'c:3' },
    { value: 'd:4' },
    null,
  ]
  const object = { spec: { containers: [{ env }, {}, { env: [{ name: 'RELATED_IMAGE_X', value: 'e:5' }] }] } }

  test.each(['spec.containers[*].env[*]', 'spec.containers[*].env'])(
    'takes matching values at %s',
    (path) => {
      expect(found({ named: { path, name: 'RELATED_IMAGE_*' } }, object)).toEqual(['a:1', 'b:2', 'e:5'])
    },
  )
})

describe('the rules of a source', () => {
  test('are united, each image once', () => {
    const rules = compileImageRules([{ path: 'a' }, { search: { key: 'image' } }])
    expect(rules({ a: 'x:1', image: 'x:1', b: { image: 'y:2' } })).toEqual({
      images: ['x:1', 'y:2'],
      truncated: false,
    })
  })

  test('are refused with the field that is wrong', () => {
    const message = (rule: ImageRuleSpec) => {
      try {
        compileImageRules([{ path: 'ok' }, rule], 'spec.images')
      } catch (error) {
        if (error instanceof TallymanError && error.code === 'SPEC_INVALID') return error.message
        throw error
      }
      return undefined
    }
    expect(message({})).toBe('spec.images[1]: set exactly one of path, join, search and named')
    expect(message({ path: 'a', search: { key: 'b' } })).toContain('set exactly one of')
    expect(message({ path: 'a[' })).toContain('spec.images[1].path: "a[" at position 3: expected')
    expect(message({ join: { repository: '' } })).toContain('spec.images[1].join.repository: "" at')
    expect(message({ named: { path: '.', name: 'x' } })).toContain('spec.images[1].named.path: "." at')
    expect(message({ search: { path: ']', key: 'x' } })).toContain('spec.images[1].search.path: "]" at')
  })

  test('say so when an object has more images than are taken', () => {
    const many = (count: number) => ({ images: Array.from({ length: count }, (_, index) => `app:${index}`) })
    for (const rule of [{ path: 'images' }, { path: 'images[*]' }, { search: { key: 'images' } }]) {
      const rules = compileImageRules([rule])
      expect(rules(many(10_000))).toMatchObject({ truncated: false })
      const { images, truncated } = rules(many(10_001))
      expect([images.length, truncated]).toEqual([10_000, true])
    }
  })

  test('S07: say so when there are too many values to look at each, however few images they name', () => {
    const rules = compileImageRules([{ path: 'a[*].image' }])
    const many = (count: number) => ({ a: Array.from({ length: count }, () => ({ image: 'app:1' })) })
    expect(rules(many(10_000))).toEqual({ images: ['app:1'], truncated: false })
    expect(rules(many(10_001))).toEqual({ images: ['app:1'], truncated: true })
  })

  test('say so when something lies too deep to be looked at', () => {
    const rules = compileImageRules([{ path: 'deep' }])
    expect(rules({ deep: nested('a:1', 64) })).toEqual({ images: ['a:1'], truncated: false })
    expect(rules({ deep: nested('a:1', 65) })).toEqual({ images: [], truncated: true })
    const search = compileImageRules([{ search: { key: 'image' } }])
    expect(search({ image: 'a:1', deep: nested({ image: 'b:2' }, 62) })).toEqual({
      images: ['a:1', 'b:2'],
      truncated: false,
    })
    expect(search({ image: 'a:1', deep: nested({ image: 'b:2' }, 63) })).toEqual({
      images: ['a:1'],
      truncated: true,
    })
  })

  test('keep the beginning of a text that is too long for a reference', () => {
    const [image] = found({ path: 'a' }, { a: `r.example/app:${'x'.repeat(100_000)}` })
    expect(image).toMatch(/^r\.example\/app:x{1011}$/)
  })

  test('never throw, whatever the object', () => {
    const rules = compileImageRules([
      { path: 'a[*].b' },
      { join: { path: 'a', registry: 'b', repository: 'c', tag: 'd', digest: 'e' } },
      { search: { key: '*' } },
      { named: { path: 'a', name: '*' } },
    ])
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'name', 'value', 'repository', '__proto__')
    const object = fc.oneof(
      fc.object({ key, maxDepth: 6, withNullPrototype: true }),
      fc.jsonValue(),
      fc.anything({ withBigInt: true, withDate: true, withMap: true }),
    )
    fc.assert(
      fc.property(object, (value) => {
        const { images } = rules(value)
        expect(new Set(images).size).toBe(images.length)
      }),
    )
  })

  test('find every text of an object, whatever its shape, by a search for every key', () => {
    const key = fc.constantFrom('a', 'b', 'image', 'spec')
    const object = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.stringMatching(/^[a-z]{1,4}:[0-9]$/),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 3 }),
      ),
    })).node
    const rules = compileImageRules([{ search: { key: '*' } }])
    fc.assert(
      fc.property(object, (value) => {
        const texts = JSON.stringify(value).match(/(?<=")[a-z]{1,4}:[0-9](?=")/g) ?? []
        expect(rules({ spec: value }).images.toSorted()).toEqual([...new Set(texts)].sort())
      }),
    )
  })
})
