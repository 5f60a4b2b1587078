import path from 'node:path'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import { type Figure, median, rounded } from '../figure.ts'
import { bundled } from '../support/bundle.ts'
import { runScript } from '../support/child.ts'
import type { PlanInput, PlanOutput } from './plan.ts'

const ROUNDS = 3
const REGISTRY: PlanInput = { repositories: 1_000, tagsEach: 400 }
/** Fixed, so that the peak does not depend on how much memory the machine has. */
const HEAP_FLAGS = ['--max-old-space-size=450', '--expose-gc']

/** What a plan of a large registry takes, what a scan gives of it included. */
export async function planFigures(folder: string): Promise<Figure[]> {
  const bundle = await bundled(path.join(import.meta.dirname, 'plan.ts'), folder)
  const rounds: PlanOutput[] = []
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push(await runScript<PlanOutput>(bundle, REGISTRY, [...imageNodeFlags(), ...HEAP_FLAGS]))
  return figures(rounds)
}

function figures(rounds: readonly PlanOutput[]): Figure[] {
  const of = (pick: (round: PlanOutput) => number) => median(rounds.map(pick))
  const shape = { tags: of(({ tags }) => tags), evict: of(({ evict }) => evict) }
  return [
    {
      name: 'policy.plan-400k',
      value: of(({ seconds }) => seconds),
      unit: 's',
      aim: { op: '<=', value: 3 },
      beside: {
        ...shape,
        'CPU s': rounded(of(({ cpuSeconds }) => cpuSeconds)),
        'longest turn ms': rounded(of(({ longestTurnMs }) => longestTurnMs)),
      },
    },
    {
      name: 'policy.plan-peak',
      value: of(({ peakMb }) => peakMb),
      unit: 'MB',
      aim: { op: '<=', value: 500 },
      beside: {
        ...shape,
        'facts MB': rounded(of(({ factsMb }) => factsMb)),
        flags: HEAP_FLAGS.join(' '),
      },
    },
  ]
}
