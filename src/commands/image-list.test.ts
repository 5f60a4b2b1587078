import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatImages, type ListedImage } from '#commands/image-list.ts'
import { formatReference, parseReference } from '#inventory/reference.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { imageUse } from '#test/harness/image-use.ts'

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const WEB = { cluster: 'prod', namespace: 'shop', kind: 'Deployment', name: 'web' }
const CART = { ...WEB, name: 'cart' }

function listed(image: string, changes: Partial<ImageUse> = {}, workloads = [WEB]): ListedImage {
  return { use: imageUse(image, changes), users: { clusters: ['prod'], workloads } }
}

describe('names', () => {
  test('are what a kubelet would pull, each once and sorted', () => {
    const images = [
      'registry.local/b:1',
      'nginx',
      'docker.io/library/nginx:latest',
      `nginx@${DIGEST}`,
      'a/b:1@x',
    ]
    expect(
      formatImages(
        images.map((image) => listed(image)),
        'names',
      ),
    ).toBe(
      `${['a/b:1@x', `docker.io/library/nginx:latest`, `docker.io/library/nginx@${DIGEST}`, 'registry.local/b:1'].join('\n')}\n`,
    )
  })

  test('are nothing where there are none', () => {
    expect(formatImages([], 'names')).toBe('')
  })

  test('are as many lines as there are distinct references, whatever is written, and each stands for its image', () => {
    const texts = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.constantFrom('nginx', 'docker.io/nginx:latest', 'registry.local/a/b:1', `a@${DIGEST}`, 'a\nb'),
      ),
    )
    fc.assert(
      fc.property(texts, (written) => {
        const images = [...new Set(written)]
        const text = formatImages(
          images.map((image) => listed(image)),
          'names',
        )
        const lines = text.split('\n').slice(0, -1)
        expect(lines).toEqual([...new Set(lines)].sort())
        for (const image of images) {
          const reference = parseReference(image)
          if (reference !== undefined) expect(lines).toContain(formatReference(reference))
        }
        expect(lines.length).toBeLessThanOrEqual(images.length)
      }),
    )
  })
})

describe('a table', () => {
  const images = [
    listed('nginx:1.25', { pods: 3, kinds: ['pod', 'template'] }, [WEB, CART]),
    listed('registry.local/cached:1', { pods: 0, kinds: ['node'], nodesCaching: 2 }, []),
    listed('registry.local/Not Legal', { pods: 0, kinds: ['template'] }, [CART]),
  ]

  test('shows who uses what', () => {
    expect(formatImages(images, 'table')).toBe(
      [
        'IMAGE                     USED BY                      PODS  KINDS',
        'nginx:1.25                prod/shop/Deployment/web +1  3     pod,template',
        'registry.local/cached:1   (cached on 2 nodes)          0     node',
        'registry.local/Not Legal  prod/shop/Deployment/cart    0     template',
        '',
      ].join('\n'),
    )
  })

  test('fits a terminal', () => {
    expect(formatImages(images, 'table', 60)).toBe(
      [
        'IMAGE                USED BY              PODS  KINDS',
        'nginx:1.25           prod/shop…nt/web +1  3     pod,template',
        'registry.…/cached:1  (cached on 2 nodes)  0     node',
        'registry.…Not Legal  prod/shop…ment/cart  0     template',
        '',
      ].join('\n'),
    )
  })

  test('has its header where there is no image', () => {
    expect(formatImages([], 'table')).toBe('IMAGE  USED BY  PODS  KINDS\n')
  })
})

describe('JSON', () => {
  test('has the same fields for every image', () => {
    const images = [listed(`nginx:1.25@${DIGEST}`, { runningDigests: [DIGEST] }), listed('No Reference')]
    expect(JSON.parse(formatImages(images, 'json'))).toEqual([
      {
        image: `nginx:1.25@${DIGEST}`,
        registry: 'docker.io',
        repository: 'library/nginx',
        tag: '1.25',
        digest: DIGEST,
        kinds: ['pod'],
        pods: 1,
        objects: 0,
        nodesCaching: 0,
        finishedOnly: false,
        pullFailures: 0,
        clusters: ['prod'],
        namespaces: ['apps'],
        users: [WEB],
        runningDigests: [DIGEST],
        runningConfigs: [],
      },
      expect.objectContaining({
        image: 'No Reference',
        registry: null,
        repository: null,
        tag: null,
        digest: null,
      }),
    ])
  })

  test('is an empty list where there is no image', () => {
    expect(formatImages([], 'json')).toBe('[]\n')
  })
})
