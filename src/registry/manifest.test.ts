import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ImageConfig, parseConfig } from './config.ts'
import { digestOf } from './digest.ts'
import { parseManifest } from './manifest.ts'
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST } from './media-types.ts'

const descriptor = (seed: string) => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(Buffer.from(seed)),
  size: 7,
})
const image = { schemaVersion: 2, config: descriptor('c'), layers: [descriptor('l')] }
const index = {
  schemaVersion: 2,
  manifests: [{ ...descriptor('m'), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
}

function parse(body: unknown, contentType?: string) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return parseManifest(bytes, digestOf(bytes), contentType, 'a:1')
}

describe('the type', () => {
  test.each([
    ['in the body', { ...image, mediaType: OCI_MANIFEST }, undefined, OCI_MANIFEST],
    ['in the header', image, DOCKER_MANIFEST, DOCKER_MANIFEST],
    ['in both', { ...index, mediaType: DOCKER_LIST }, DOCKER_LIST, DOCKER_LIST],
    [
      'in the body under a header that says nothing',
      { ...image, mediaType: DOCKER_MANIFEST },
      'application/json',
      DOCKER_MANIFEST,
    ],
    ['nowhere, so by the fields of an image', image, undefined, OCI_MANIFEST],
    ['nowhere, so by the fields of an index', index, 'text/plain', OCI_INDEX],
    [
      'of the old artifacts',
      { mediaType: OCI_ARTIFACT, blobs: [descriptor('b')] },
      OCI_ARTIFACT,
      OCI_ARTIFACT,
    ],
  ])('%s', (_, body, contentType, expected) => {
    expect(parse(body, contentType).mediaType).toBe(expected)
  })

  test.each([
    ['body and header differ', { ...image, mediaType: OCI_MANIFEST }, DOCKER_MANIFEST],
    ['an index in the dress of an image', { ...index, mediaType: OCI_MANIFEST }, undefined],
    ['both at once (CVE-2021-41190)', { ...image, ...index }, OCI_MANIFEST],
    ['no descriptor', { ...image, config: {} }, OCI_MANIFEST],
    [
      'a digest that is none',
      { ...image, layers: [{ ...descriptor('l'), digest: 'sha256:../..' }] },
      OCI_MANIFEST,
    ],
    ['a size that is none', { ...image, layers: [{ ...descriptor('l'), size: -1 }] }, OCI_MANIFEST],
    ['layers that are no list', { ...image, layers: 'x' }, OCI_MANIFEST],
    ['a list', [], OCI_MANIFEST],
    ['nothing', '', OCI_MANIFEST],
    ['no JSON', '{"config":', OCI_MANIFEST],
    [
      'nesting that no runtime reads',
      `{"config":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      OCI_MANIFEST,
    ],
  ])('%s is invalid', (_, body, contentType) => {
    expect(() => parse(body, contentType)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_MANIFEST_INVALID' }),
    )
  })

  test.each([
    [
      'schema 1',
      { schemaVersion: 1, fsLayers: [], history: [] },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    ],
    ['schema 1 under no name', { schemaVersion: 1, fsLayers: [] }, undefined],
    [
      'something new',
      { mediaType: 'application/vnd.example+json', stuff: [] },
      'application/vnd.example+json',
    ],
  ])('%s is not supported, which is not damage', (_, body, contentType) => {
    expect(() => parse(body, contentType)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_MEDIA_TYPE', kind: 'unsupported' }),
    )
  })
})

test('platform, subject, annotations and urls are kept', () => {
  const manifest = parse({
    ...image,
    layers: [{ ...descriptor('l'), urls: ['https://a'], annotations: { k: 'v', n: 1 } }],
    subject: descriptor('s'),
    artifactType: 'application/vnd.a',
    annotations: { a: 'b' },
  })
  if (manifest.kind !== 'image') throw new Error('no image')
  expect(manifest.layers[0]).toMatchObject({ urls: ['https://a'], annotations: { k: 'v' } })
  expect(manifest).toMatchObject({
    subject: descriptor('s'),
    artifactType: 'application/vnd.a',
    annotations: { a: 'b' },
  })
  const list = parse(index)
  if (list.kind !== 'index') throw new Error('no index')
  expect(list.manifests[0]?.platform).toEqual({ os: 'linux', architecture: 'arm64', variant: 'v8' })
})

test('no JSON crashes it: a manifest, or an error that says what it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(OCI_MANIFEST, OCI_INDEX, undefined), (value, contentType) => {
      try {
        parse(value, contentType)
      } catch (error) {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^REGISTRY_(MANIFEST_INVALID|MEDIA_TYPE)$/),
        })
      }
    }),
  )
})

describe('configs', () => {
  const config = (body: unknown): ImageConfig =>
    parseConfig(Buffer.from(JSON.stringify(body)), 'sha256:x', 'a')

  test('of images tell platform, date and labels; of other things nothing', () => {
    const rootfs = { type: 'layers', diff_ids: ['sha256:a', 'sha256:b'] }
    expect(
      config({
        os: 'linux',
        architecture: 'arm',
        variant: 'v7',
        created: '0001-01-01T00:00:00Z',
        config: { Labels: { a: 'b' } },
        rootfs,
      }),
    ).toEqual({
      digest: 'sha256:x',
      os: 'linux',
      architecture: 'arm',
      variant: 'v7',
      created: '0001-01-01T00:00:00Z',
      labels: { a: 'b' },
      diffIds: ['sha256:a', 'sha256:b'],
    })
    expect(config({})).toEqual({ digest: 'sha256:x' })
    expect(config({ config: { Labels: null }, os: 3 })).toEqual({ digest: 'sha256:x' })
  })

  test('that are no object are invalid', () => {
    expect(() => config([])).toThrow(expect.objectContaining({ code: 'REGISTRY_MANIFEST_INVALID' }))
  })
})
