import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { helmReleaseImages } from '#inventory/helm-release.ts'

const release = (manifest: string, more: object = {}) =>
  JSON.stringify({ name: 'web', version: 3, info: { status: 'superseded' }, manifest, ...more })
const found = (manifest: string, more?: object) => helmReleaseImages(release(manifest, more))

const DEPLOYMENT = `---
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers:
      - name: init
        image: "registry.example/init:1.10"
      containers:
      - image: registry.example/app:1.2@sha256:${'a'.repeat(64)}
        name: app
      volumes:
      - image: {reference: registry.example/model:2, pullPolicy: Always}
        name: model
`
const CRON_JOB = `---
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job, image: 'registry.example/job'}]}}}}}
`

describe('the images of a Helm release', () => {
  test('are those of every pod template', () => {
    expect(found(DEPLOYMENT + CRON_JOB)).toEqual({
      images: [
        'registry.example/init:1.10',
        `registry.example/app:1.2@sha256:${'a'.repeat(64)}`,
        'registry.example/model:2',
        'registry.example/job',
      ],
      unreadable: false,
      problems: [],
    })
  })

  test('are those of custom kinds too, as a text or in parts, and a tag keeps its zero', () => {
    const custom = `kind: Thing
spec:
  image: {registry: registry.example/, repository: team/app, tag: 1.10, pullPolicy: Always}
  sidecar: {image: registry.example/side:1}
  images: {image: {repository: team/web}}
  image2: not:1
`
    expect(found(custom).images).toEqual([
      'registry.example/team/app:1.10',
      'registry.example/side:1',
      'team/web',
    ])
  })

  test('are those of hooks too, which a rollback runs', () => {
    const hooks = [{ name: 'migrate', manifest: CRON_JOB }, { manifest: null }]
    expect(found('', { hooks })).toMatchObject({ images: ['registry.example/job'], unreadable: false })
    expect(found('', { hooks: null })).toMatchObject({ images: [], unreadable: false })
  })

  test('are found in lists, behind anchors and merge keys', () => {
    const list = `kind: List
items:
- spec: {template: &t {spec: {containers: [{image: a:1}]}}}
- spec: {template: *t}
- spec:
    template:
      <<: {image: b:2}
`
    expect(found(list)).toMatchObject({ images: ['a:1', 'b:2'], unreadable: false })
  })

  test('are not looked for in CRDs, whose schemas speak of image without naming any', () => {
    const crd = (kind: string) => `apiVersion: apiextensions.k8s.io/v1\nkind: ${kind}\nspec: {image: x}\n`
    expect(found(crd('CustomResourceDefinition')).images).toEqual([])
    expect(found(crd('"CustomResourceDefinition"')).images).toEqual([])
    expect(found(crd('CustomResourceDefinitionLike')).images).toEqual(['x'])
  })

  test('of the documents that can be read are told where another is broken, and so is where', () => {
    const broken = '---\nkind: Secret\nstringData: {password: "hunter2, image: [\n'
    const { images, unreadable, problems } = found(broken + CRON_JOB)
    expect([images, unreadable]).toEqual([['registry.example/job'], true])
    expect(problems).toEqual([expect.stringMatching(/^document 1, line \d+: no YAML \([A-Z_]+\)$/)])
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })

  test('are split where YAML splits documents, and not within a text', () => {
    const text =
      'kind: ConfigMap\ndata:\n  a: |\n    ---\n    image: no:1\n---not: a border\nimage: a:1\n--- {image: b:2}\n...\nimage: c:3\n'
    expect(found(text)).toMatchObject({ images: ['a:1', 'b:2', 'c:3'], unreadable: false })
  })

  test.each([
    ['no JSON', '{"manifest":'],
    ['no object', '"text"'],
    ['a manifest that is no text', '{"manifest":7}'],
    ['hooks that are no list', '{"hooks":{}}'],
    ['nothing', ''],
    ['JSON that is nested too deep', `${'['.repeat(1_000_000)}`],
  ])('cannot be read from %s', (_what, json) => {
    expect(helmReleaseImages(json)).toEqual({
      images: [],
      unreadable: true,
      problems: ['it is no release of Helm'],
    })
  })

  test('are bounded, however the aliases of a document multiply', () => {
    const bomb = ['image: x', 'a0: &a0 [image]']
    for (let level = 1; level <= 30; level += 1) {
      bomb.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      )
    }
    expect(found(bomb.join('\n'))).toMatchObject({
      unreadable: true,
      problems: ['document 1: it cannot be unfolded'],
    })
  })

  test('are read from a document that contains itself', () => {
    expect(found('a: &a\n  image: x:1\n  b: *a\n')).toMatchObject({ images: ['x:1'], unreadable: false })
  })

  test('are bounded in number and depth, and it is said that there may be more', () => {
    const many = Array.from({ length: 10_001 }, (_, index) => `- image: app:${index}`).join('\n')
    const { images, unreadable } = found(many)
    expect([images.length, unreadable]).toEqual([10_000, true])
    expect(found(`${'['.repeat(70)}{image: a}${']'.repeat(70)}`)).toMatchObject({
      images: [],
      unreadable: true,
    })
  })

  test.each(['[', '{', '? ', '- ', '[{', '? - ', '&a ', ']', '{a: ', '"'])(
    'are not waited for without end where a document is nothing but %j',
    (nested) => {
      const { unreadable } = found(`image: a:1\n--- # image\n${nested.repeat(20_000)}`)
      expect(unreadable).toBe(true)
    },
  )

  test('are read up to a length of all documents that can hold any', () => {
    const padding = `a: "${'x'.repeat(1024 * 1024)}"\n`
    const { images, problems } = found(
      Array.from({ length: 4 }, (_, at) => `---\nimage: a:${at}\n${padding}`).join(''),
    )
    expect(images).toEqual(['a:0', 'a:1', 'a:2'])
    expect(problems).toEqual(['document 4: it is too long'])
    expect(found(`image: a:1\n${`---\n${padding}`.repeat(5)}`)).toMatchObject({ unreadable: false })
  })

  test('are all that any set of objects names', () => {
    const image = fc.stringMatching(/^[a-z]{1,6}(\/[a-z]{1,6})?:[0-9]{1,3}$/)
    const template = fc.array(image, { maxLength: 3 }).map((images) => ({
      kind: 'Deployment',
      spec: { template: { spec: { containers: images.map((each) => ({ name: 'c', image: each })) } } },
    }))
    const collections = fc.constantFrom<'block' | 'flow'>('block', 'flow')
    fc.assert(
      fc.property(fc.array(template, { maxLength: 5 }), collections, (objects, collectionStyle) => {
        const manifest = objects.map((object) => `---\n${stringify(object, { collectionStyle })}`).join('')
        const expected = objects.flatMap(({ spec }) =>
          spec.template.spec.containers.map((each) => each.image),
        )
        expect(found(manifest)).toEqual({ images: [...new Set(expected)], unreadable: false, problems: [] })
      }),
    )
  })

  test('never end in an exception, whatever the manifest', () => {
    const odd = fc
      .array(
        fc.constantFrom(
          'image',
          ': ',
          '\n',
          '- ',
          '{',
          '}',
          '[',
          ']',
          '&a ',
          '*a',
          '|',
          '"',
          "'",
          '---\n',
          '? ',
          '!!map ',
        ),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(odd, (manifest) => {
        const { unreadable, problems } = found(manifest)
        expect(unreadable).toBe(problems.length > 0)
      }),
      { numRuns: 500 },
    )
  })
})
