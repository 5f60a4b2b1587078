import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Figure } from '../figure.ts'
import { counted } from '../inventory/counted.ts'
import { planFigures } from './plan-figures.ts'
import { scanFigures } from './scan-figures.ts'
import { sweepFigure } from './sweep-figure.ts'
import { untagFigures } from './untag-figures.ts'
import { worldsFigure } from './worlds-figure.ts'

/** BENCH_TAGS, for who develops this: tags that are scanned; all else is that much less too. */
const TAGS = Number(process.env.BENCH_TAGS ?? 100_000)

const WORLDS = 100_000

/** What it takes to read a large registry, to plan it, and to carry that out. */
export async function policyGroup(): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(import.meta.dirname, '../../dist/bench-'))
  try {
    return [
      ...(await planFigures(folder)),
      ...(await scanFigures(folder, TAGS)),
      ...(await untagFigures(folder, { tags: portion(45_000), going: portion(10_000) })),
      await sweepFigure(folder, { tags: portion(5_000), swept: portion(600), curled: portion(100) }),
      await worldsFigure(WORLDS),
      counted('policy.mutants-alive', 'mutants', { op: '=', value: 0 }, 'make mutants'),
      counted('policy.lost', 'images', { op: '=', value: 0 }, 'make soak'),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Of a registry with 100,000 tags, as much as is wanted: an even number. */
function portion(count: number): number {
  return 2 * Math.ceil((count * TAGS) / 200_000)
}
