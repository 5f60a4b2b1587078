import { keyOf } from './oracle.ts'
import type { PolicySoakResult, PolicySoakState } from './soak.ts'

const SHOWN = 10

/** One line while it goes on. */
export function policyProgressLine(elapsed: string, state: PolicySoakState): string {
  const { journal, kills, freezes, judged, isStorm } = state
  return `${elapsed}  ${isStorm ? 'storm' : 'lull '}  ${journal.operations} operations, ${kills} kills, ${freezes} freezes, ${takenLine(state)}, ${judged} images judged`
}

/** What happened how often, then what was lost, and last the line that machines read. */
export function policyResultLines(result: PolicySoakResult): string[] {
  const { journal, lost, problem, kills, freezes, judged, inGap } = result
  const counts = journal.counts.map(([name, count]) => `${String(count).padStart(6)}  ${name}`)
  const gap = `${String(inGap).padStart(6)}  tags moved in the moment in which they went, and pushed again`
  const isBad = lost.length > 0 || problem !== undefined
  const account = isBad ? ['', 'The last that happened:', ...journal.tail] : []
  const said = problem === undefined ? [] : ['', problem]
  const closing = `${kills} kills, ${freezes} freezes, ${takenLine(result)}, ${judged} images judged, ${lostImages(result)} images lost`
  return [...counts, gap, ...account, ...lostLines(result), ...said, '', closing]
}

/** Distinct images in use that were lost. */
export function lostImages({ lost }: PolicySoakResult): number {
  return new Set(lost.map(({ used }) => keyOf(used))).size
}

function takenLine({ runs, evicted, restored }: PolicySoakState): string {
  return `${runs} runs, ${evicted} tags evicted, ${restored} restored`
}

function lostLines({ lost, journal }: PolicySoakResult): string[] {
  const lines = lost
    .slice(0, SHOWN)
    .map(
      ({ used, why, by, from, problem }) =>
        `LOST ${keyOf(used)} of ${by}: ${why}; in use since ${journal.at(from)}; ${problem}`,
    )
  return lines.length === 0 ? [] : ['', ...lines]
}
