import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { seededLayer } from '#test/harness/images/layer.ts'
import { digestsOf, oneOfEach } from '#test/harness/images/samples.ts'
import {
  containerImage,
  digestOf,
  imageSeries,
  multiPlatformImage,
  OCI_MANIFEST,
  type TestImage,
} from '#test/harness/images.ts'

const DESCRIPTOR = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() })
const MANIFEST = z.object({
  mediaType: z.string(),
  config: DESCRIPTOR.optional(),
  layers: z.array(DESCRIPTOR).default([]),
  manifests: z.array(DESCRIPTOR).default([]),
})
const CONFIG = z.object({
  created: z.string().optional(),
  architecture: z.string(),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
})

function manifestOf(image: TestImage) {
  return MANIFEST.parse(JSON.parse(image.manifest.bytes.toString()))
}

describe.each([...oneOfEach('sample')])('the image maker, %s', (_name, image) => {
  test('addresses every blob and manifest by the hash of its bytes', () => {
    const all = [image, ...image.children].flatMap(({ manifest, blobs }) => [manifest, ...blobs])
    expect(all.map(({ digest }) => digest)).toEqual(all.map(({ bytes }) => digestOf(bytes)))
  })

  test('names in the manifest exactly what it delivers, with its size and type', () => {
    const { mediaType, config, layers, manifests } = manifestOf(image)
    const named = [...(config === undefined ? [] : [config]), ...layers, ...manifests]
    const delivered = [...image.blobs, ...image.children.map(({ manifest }) => manifest)]
    expect(mediaType).toBe(image.manifest.mediaType)
    expect(named).toEqual(
      delivered.map((content) => ({
        mediaType: content.mediaType,
        digest: content.digest,
        size: content.bytes.length,
      })),
    )
  })
})

test('the same seed makes the same images, another seed shares nothing with them but the empty config', () => {
  const first = [...oneOfEach('one').values()].map((image) => image.manifest.digest)
  const again = [...oneOfEach('one').values()].map((image) => image.manifest.digest)
  const other = [...oneOfEach('two').values()].map((image) => image.manifest.digest)
  expect(again).toEqual(first)
  expect(new Set([...first, ...other]).size).toBe(first.length * 2)
})

test('a layer unpacks to the tar that its diff_id names, whatever its size', () =>
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 5_000 }), (seed, size) => {
      const layer = seededLayer(seed, size)
      const tar = gunzipSync(layer.bytes)
      expect(digestOf(tar)).toBe(layer.diffId)
      expect(tar.length % 512).toBe(0)
      expect(Number.parseInt(tar.toString('latin1', 124, 135), 8)).toBe(size)
    }),
    { numRuns: 50 },
  ))

test.each([
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['not a date', 'not a date'],
  [null, undefined],
])('a creation date of %s reaches the config unchanged', (created, expected) => {
  const [config] = containerImage({ seed: 'dated', created }).blobs
  expect(CONFIG.parse(JSON.parse(config?.bytes.toString() ?? '')).created).toBe(expected)
})

test('the children of a multi-platform image are for the platforms that the index names', () => {
  const image = multiPlatformImage({ seed: 'platforms', attestations: true })
  const architectures = image.children.map(
    (child) => CONFIG.parse(JSON.parse(child.blobs[0]?.bytes.toString() ?? '')).architecture,
  )
  expect(architectures).toEqual(['amd64', 'arm64', 'unknown', 'unknown'])
  expect(image.children.every((child) => child.manifest.mediaType === OCI_MANIFEST)).toBe(true)
})

test('a series shares its base layers and nothing else', () => {
  const builds = [...imageSeries({ seed: 'app', count: 2, sharedLayers: 3, ownLayers: 2 })].map(digestsOf)
  expect(builds.map((digests) => digests.size)).toEqual([7, 7])
  expect(new Set(builds.flatMap((digests) => [...digests])).size).toBe(7 + 7 - 3)
})
