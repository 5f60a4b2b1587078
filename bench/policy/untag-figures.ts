import path from 'node:path'
import type { Product } from '#registry/client.ts'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import type { RegistryVersion } from '#test/harness/registry.ts'
import { type Figure, rounded } from '../figure.ts'
import { bundled } from '../support/bundle.ts'
import { runScript } from '../support/child.ts'
import { curlDeleteMs } from './curl-delete.ts'
import { type EvictFixture, evictFixture, REPOSITORY } from './evict-fixture.ts'
import type { UntagInput, UntagOutput } from './untag.ts'

const PRODUCTS: Readonly<Record<RegistryVersion, Product>> = {
  '2.8': 'distribution-2',
  '3': 'distribution-3',
}
/** The single DELETEs from which it is extrapolated what all of them would take. */
const SINGLE = 100
const MINUTE_MS = 60_000

export interface UntagShape {
  readonly tags: number
  /** So many of them go. */
  readonly going: number
}

/** Once for each registry, with Trash and then with Delete: what takes minutes is no matter of one odd second. */
export async function untagFigures(folder: string, shape: UntagShape): Promise<Figure[]> {
  const bundle = await bundled(path.join(import.meta.dirname, 'untag.ts'), folder)
  const figures: Figure[] = []
  for (const version of ['2.8', '3'] as const) figures.push(await measured(bundle, version, shape))
  return figures
}

async function measured(bundle: string, version: RegistryVersion, shape: UntagShape): Promise<Figure> {
  const fixture = await evictFixture(version, { tags: shape.tags, untagged: 0 })
  try {
    const going = fixture.tags.slice(0, shape.going)
    const trash = await untag(bundle, fixture, shape.going, 'Trash')
    fixture.retag(going)
    const deletion = await untag(bundle, fixture, shape.going, 'Delete')
    const single = going.slice(0, SINGLE).map(([, digest]) => digest)
    const singleMs = version === '2.8' ? await curlDeleteMs(fixture.registry.url, REPOSITORY, single) : 0
    const minutes = ({ copyMs, untagMs }: UntagOutput) => (copyMs + untagMs) / MINUTE_MS
    return {
      name: `policy.untag-${version}`,
      value: Math.max(minutes(trash), minutes(deletion)),
      unit: 'min',
      aim: { op: '<=', value: 3 },
      beside: {
        ...{ tags: shape.tags, untagged: deletion.untagged },
        'Trash min': rounded(minutes(trash)),
        'of it copying min': rounded(trash.copyMs / MINUTE_MS),
        'Delete min': rounded(minutes(deletion)),
        'CPU ms with Trash': rounded(trash.cpuMs),
        'peak MB with Trash': rounded(trash.peakMb),
        ...(singleMs > 0 && {
          [`one by one min, from ${single.length} DELETEs`]: rounded((singleMs * shape.going) / MINUTE_MS),
        }),
      },
    }
  } finally {
    await fixture.registry.stop()
  }
}

async function untag(
  bundle: string,
  { registry, list }: EvictFixture,
  going: number,
  onEvict: UntagInput['onEvict'],
): Promise<UntagOutput> {
  const { url, version } = registry
  const product = PRODUCTS[version]
  const run = onEvict.toLowerCase()
  const input: UntagInput = { url, product, repository: REPOSITORY, list, going, onEvict, run }
  const output = await runScript<UntagOutput>(bundle, input, imageNodeFlags())
  if (output.untagged !== going) throw new Error(`${output.untagged} of ${going} tags are gone`)
  return output
}
