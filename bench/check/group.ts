import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import { type Figure, median, rounded } from '../figure.ts'
import { bundled } from '../support/bundle.ts'
import { runScript } from '../support/child.ts'
import { wrkRate } from '../support/wrk.ts'
import { agreementFigure } from './agreement.ts'
import { exporterPace } from './exporter.ts'
import { falseFindings } from './false-findings.ts'
import { type CheckFixture, CONNECTIONS, checkFixture } from './fixture.ts'
import type { LapsInput, LapsOutput } from './laps.ts'

const ROUNDS = 3
/** Over everything that a lap has to ask for, with as many connections. */
const WRK = { connections: CONNECTIONS, seconds: 6 }
/** Fixed, so that the peak does not depend on how much memory the machine has. */
const HEAP_FLAGS = ['--max-old-space-size=384', '--expose-gc']

/** Laps over 5,000 images in use, over a whole registry of 100,000 tags, and over one behind a bad network. */
export async function checkGroup(): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(import.meta.dirname, '../../dist/bench-'))
  try {
    const bundle = await bundled(path.join(import.meta.dirname, 'laps.ts'), folder)
    return [
      ...(await inUse(bundle)),
      ...(await everything(bundle)),
      await falseFindings(),
      await agreementFigure(),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function inUse(bundle: string): Promise<Figure[]> {
  const exporter = await exporterPace()
  const fixture = await checkFixture({ repositories: 50, imagesEach: 100, sharedLayers: 6, ownLayers: 2 })
  try {
    const rounds: { readonly wrk: number; readonly laps: LapsOutput }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const wrk = await wrkRate(fixture.registry, fixture.luaScript, WRK)
      rounds.push({ wrk, laps: await laps(bundle, fixture, 'InUse') })
    }
    const of = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick))
    const shape = { images: fixture.images, 'requests at least': fixture.minimum }
    return [
      {
        name: 'check.lap',
        value: of(({ wrk, laps: { coldMs } }) => coldMs / ((fixture.minimum / wrk) * 1000)),
        unit: 'x',
        aim: { op: '<=', value: 1.25 },
        beside: {
          ...shape,
          'lap ms': rounded(of(({ laps: { coldMs } }) => coldMs)),
          'wrk requests/s': rounded(of(({ wrk }) => wrk)),
          'images a minute': rounded(of(({ laps: { coldMs } }) => (fixture.images / coldMs) * 60_000)),
          ...(exporter !== undefined && {
            'exporter images a minute': exporter.imagesAMinute,
            'exporter calls available after 20 s': exporter.calledAvailable,
            'of them asked for': exporter.askedByThen,
          }),
        },
      },
      {
        name: 'check.requests',
        value: of(({ laps: { coldRequests } }) => coldRequests / fixture.minimum),
        unit: 'x',
        aim: { op: '<=', value: 1.02 },
        beside: { ...shape, requests: of(({ laps: { coldRequests } }) => coldRequests) },
      },
      {
        name: 'check.lap-warm',
        value: of(({ laps: { coldMs, warmMs } }) => warmMs / coldMs),
        unit: 'x',
        aim: { op: '<=', value: 0.3 },
        beside: {
          'warm lap ms': rounded(of(({ laps: { warmMs } }) => warmMs)),
          requests: of(({ laps: { warmRequests } }) => warmRequests),
        },
      },
      {
        name: 'check.peak',
        value: of(({ laps: { peakMb } }) => peakMb),
        unit: 'MB',
        aim: { op: '<=', value: 150 },
        beside: { flags: HEAP_FLAGS.join(' ') },
      },
    ]
  } finally {
    await fixture.registry.stop()
  }
}

/** Once: a registry of this size takes a minute to write. */
async function everything(bundle: string): Promise<Figure[]> {
  const fixture = await checkFixture({ repositories: 200, imagesEach: 500, sharedLayers: 7, ownLayers: 1 })
  try {
    const { coldMs, warmMs, peakMb, images, healthy } = await laps(bundle, fixture, 'All')
    const beside = { tags: images, healthy, 'cold ms': rounded(coldMs), 'warm ms': rounded(warmMs) }
    return [
      { name: 'check.all-peak', value: peakMb, unit: 'MB', aim: { op: '<=', value: 300 }, beside },
      { name: 'check.all-warm', value: warmMs / coldMs, unit: 'x', aim: { op: '<=', value: 0.4 }, beside },
    ]
  } finally {
    await fixture.registry.stop()
  }
}

function laps(
  bundle: string,
  { registry, list }: CheckFixture,
  scope: LapsInput['scope'],
): Promise<LapsOutput> {
  const { url, host, caPem } = registry
  const input: LapsInput = { url, host, caPem, scope, list, connections: CONNECTIONS }
  return runScript<LapsOutput>(bundle, input, [...imageNodeFlags(), ...HEAP_FLAGS])
}
