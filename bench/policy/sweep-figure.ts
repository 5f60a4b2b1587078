import path from 'node:path'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import type { RegistryVersion } from '#test/harness/registry.ts'
import { type Figure, rounded } from '../figure.ts'
import { bundled } from '../support/bundle.ts'
import { runScript } from '../support/child.ts'
import { curlDeleteMs } from './curl-delete.ts'
import { evictFixture, REPOSITORY } from './evict-fixture.ts'
import type { SweepInput, SweepOutput } from './sweep.ts'

export interface SweepShape {
  /** Tags that stay: what a DELETE takes grows with them. */
  readonly tags: number
  /** Manifests that we sweep: in so many, what every tag names is asked again at least once. */
  readonly swept: number
  /** Manifests that curl deletes: half of them before ours, half of them after. */
  readonly curled: number
}

interface Sweeping {
  readonly oursMs: number
  readonly curlMs: number
}

/** What we take for a manifest, all that is done around its DELETE included, over what a bare DELETE takes; the worse of both registries counts. */
export async function sweepFigure(folder: string, shape: SweepShape): Promise<Figure> {
  const bundle = await bundled(path.join(import.meta.dirname, 'sweep.ts'), folder)
  const old = await measured(bundle, '2.8', shape)
  const current = await measured(bundle, '3', shape)
  const ratio = ({ oursMs, curlMs }: Sweeping) => oursMs / curlMs
  return {
    name: 'policy.sweep',
    value: Math.max(ratio(old), ratio(current)),
    unit: 'x',
    aim: { op: '<=', value: 1.1 },
    beside: {
      ...{ tags: shape.tags, swept: shape.swept, 'by curl': shape.curled },
      'registry 2.8': rounded(ratio(old)),
      'registry 3': rounded(ratio(current)),
      'ms on 2.8': rounded(old.oursMs),
      'curl ms on 2.8': rounded(old.curlMs),
      'ms on 3': rounded(current.oursMs),
      'curl ms on 3': rounded(current.curlMs),
    },
  }
}

async function measured(bundle: string, version: RegistryVersion, shape: SweepShape): Promise<Sweeping> {
  const { tags, swept, curled } = shape
  const { registry, list, untagged } = await evictFixture(version, { tags, untagged: swept + curled })
  try {
    const { url } = registry
    const half = curled / 2
    const before = await curlDeleteMs(url, REPOSITORY, untagged.slice(0, half))
    const input: SweepInput = { url, repository: REPOSITORY, list, digests: untagged.slice(half, -half) }
    const ours = await runScript<SweepOutput>(bundle, input, imageNodeFlags())
    const after = await curlDeleteMs(url, REPOSITORY, untagged.slice(-half))
    if (ours.swept !== swept) throw new Error(`${ours.swept} of ${swept} manifests are gone`)
    return { oursMs: ours.ms / swept, curlMs: (before + after) / 2 }
  } finally {
    await registry.stop()
  }
}
