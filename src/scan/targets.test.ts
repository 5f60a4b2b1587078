import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileSelection } from '#scan/selection.ts'
import { targetsInUse } from '#scan/targets.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const ALL = compileSelection(undefined)
const MAIN = { host: 'registry.example', aliases: [{ host: 'mirror.example', prefix: 'main' }] }

function targets(...images: string[]) {
  return targetsInUse(snapshotOf(images.map((image) => imageUse(image))), MAIN, ALL)
}

describe('S23: what to look for in a registry', () => {
  test.each([
    ['registry.example/app:v1', { repository: 'app', reference: 'v1', isTag: true }],
    ['registry.example/app', { repository: 'app', reference: 'latest', isTag: true }],
    [`registry.example/team/app@${DIGEST}`, { repository: 'team/app', reference: DIGEST, isTag: false }],
    [`registry.example/app:v1@${DIGEST}`, { repository: 'app', reference: DIGEST, isTag: false }],
    ['mirror.example/main/app:v1', { repository: 'app', reference: 'v1', isTag: true }],
    ['REGISTRY.example/app:v1', { repository: 'app', reference: 'v1', isTag: true }],
  ])('%s: what the kubelet asks for', (image, target) => {
    expect(targets(image)).toMatchObject({ targets: [{ use: { image }, target }], elsewhere: 0 })
  })

  test.each(['other.example/app:v1', 'app:v1', 'mirror.example/other/app:v1', 'not a reference', ''])(
    '%j is elsewhere',
    (image) => {
      expect(targets(image)).toEqual({ targets: [], elsewhere: 1 })
    },
  )

  test('and the digests that run', () => {
    const use = imageUse('registry.example/app:v1', { runningDigests: [DIGEST] })
    expect(targetsInUse(snapshotOf([use]), MAIN, ALL).targets[0]?.target.runningDigests).toEqual([DIGEST])
  })

  test('but not what only rollback history, a Helm release or the cache of a node names', () => {
    const idle = imageUse('registry.example/old:v1', { kinds: ['history', 'helm', 'node'], pods: 0 })
    const elsewhere = imageUse('other.example/old:v1', { kinds: ['node'], pods: 0 })
    const scaledToZero = imageUse('registry.example/app:v1', { kinds: ['template', 'node'], pods: 0 })
    expect(targetsInUse(snapshotOf([idle, elsewhere, scaledToZero]), MAIN, ALL)).toMatchObject({
      targets: [{ use: scaledToZero }],
      elsewhere: 0,
    })
  })

  test('S22: every image in use is either looked for or counted as elsewhere', () => {
    const host = fc.constantFrom('registry.example', 'mirror.example/main', 'mirror.example', 'x.example')
    const image = fc.tuple(host, fc.stringMatching(/^[a-z]{1,3}(\/[a-z]{1,3})?(:[a-z0-9]{1,3})?$/))
    const anything = fc.oneof(
      image.map(([at, path]) => `${at}/${path}`),
      fc.string({ maxLength: 10 }),
    )
    fc.assert(
      fc.property(fc.array(anything), (images) => {
        const found = targets(...images)
        expect(found.targets.length + found.elsewhere).toBe(images.length)
        const order = found.targets.map(({ use }) => use.image)
        expect(order).toEqual(images.filter((each) => order.includes(each)))
      }),
    )
  })
})
