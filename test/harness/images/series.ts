import { containerImage, type LayerSpec } from '#test/harness/images/container-image.ts'
import type { TestImage } from '#test/harness/images/content.ts'
import type { Family } from '#test/harness/images/media-types.ts'

export interface SeriesOptions {
  readonly seed: string
  readonly count: number
  readonly family?: Family
  /** Layers at the bottom that every image of the series has; by default 1. */
  readonly sharedLayers?: number
  /** Layers that only this image has; by default 1. */
  readonly ownLayers?: number
  /** Bytes of the file in each layer; by default 64. */
  readonly layerSize?: number
  /** Creation date of the first image, ms since the epoch; by default 2026-01-01. */
  readonly firstCreated?: number
  /** From one image to the next; by default an hour. */
  readonly createdStepMs?: number
}

/** The builds of one application, oldest first: `count` images over the same base, made one at a time. */
export function* imageSeries(options: SeriesOptions): Generator<TestImage, void, undefined> {
  const { seed, count, family = 'oci', sharedLayers = 1, ownLayers = 1, layerSize = 64 } = options
  const first = options.firstCreated ?? Date.UTC(2026, 0, 1)
  const step = options.createdStepMs ?? 3_600_000
  const shared = layerSpecs(`${seed}/base`, sharedLayers, layerSize)
  for (let build = 0; build < count; build += 1) {
    yield containerImage({
      seed: `${seed}/${build}`,
      family,
      created: new Date(first + build * step).toISOString(),
      layers: [...shared, ...layerSpecs(`${seed}/${build}`, ownLayers, layerSize)],
    })
  }
}

function layerSpecs(seed: string, count: number, size: number): LayerSpec[] {
  return Array.from({ length: count }, (_, number) => ({ seed: `${seed}/${number}`, size }))
}
