import { describe, expect, test } from 'vitest'
import { type KindClues, manifestKind } from '#retention/manifest-kind.ts'

const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'
const EMPTY = 'application/vnd.oci.empty.v1+json'
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
const image: KindClues = {
  isIndex: false,
  artifactType: undefined,
  configType: OCI_CONFIG,
  layerTypes: [OCI_LAYER],
}
const kindOf = (changes: Partial<KindClues>) => manifestKind({ ...image, ...changes })

describe('the kind of a manifest', () => {
  test.each<[string, Partial<KindClues>]>([
    ['by OCI', {}],
    [
      'by Docker',
      { configType: DOCKER_CONFIG, layerTypes: ['application/vnd.docker.image.rootfs.diff.tar.gzip'] },
    ],
    ['with foreign layers', { layerTypes: ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'] }],
    ['without layers', { layerTypes: [] }],
    ['that says nothing of its layers', { layerTypes: [''] }],
  ])('a container image %s', (_what, changes) => {
    expect(kindOf(changes)).toEqual({ kind: 'image', artifactType: undefined })
  })

  test.each<[string, Partial<KindClues>, string]>([
    [
      'a Helm chart',
      { configType: 'application/vnd.cncf.helm.config.v1+json' },
      'application/vnd.cncf.helm.config.v1+json',
    ],
    [
      'a build cache',
      { configType: 'application/vnd.buildkit.cacheconfig.v0' },
      'application/vnd.buildkit.cacheconfig.v0',
    ],
    [
      'a signature by cosign, which has the config of an image',
      { layerTypes: ['application/vnd.dev.cosign.simplesigning.v1+json'] },
      'application/vnd.dev.cosign.simplesigning.v1+json',
    ],
    [
      'what says its type',
      { artifactType: 'application/spdx+json', configType: EMPTY },
      'application/spdx+json',
    ],
    ['what only its blobs tell', { configType: EMPTY, layerTypes: ['', 'text/plain'] }, 'text/plain'],
  ])('S09: no container image is %s', (_what, changes, artifactType) => {
    expect(kindOf(changes)).toEqual({ kind: 'artifact', artifactType })
  })

  test('what says nothing at all is no container image', () => {
    expect(kindOf({ configType: undefined, layerTypes: [] })).toEqual({
      kind: 'artifact',
      artifactType: undefined,
    })
  })

  test('an index is one whatever it holds', () => {
    expect(kindOf({ isIndex: true, artifactType: 'application/x' })).toEqual({
      kind: 'index',
      artifactType: 'application/x',
    })
  })
})
