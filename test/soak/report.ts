import type { SoakResult, SoakState } from './soak.ts'

const SHOWN = 10

/** One line while it goes on. */
export function progressLine(
  elapsedMs: number,
  { journal, judged, sights, restarts, last }: SoakState,
): string {
  const faults = journal.counts.reduce((sum, [, count]) => sum + count, 0)
  const state = last === undefined ? 'begins' : last.trusted ? 'trusted' : (last.why[0] ?? 'not trusted')
  const counts = `${journal.operations} operations, ${faults} faults, ${restarts} restarts`
  const images = last === undefined ? '' : `, ${last.live.length} images`
  return `${elapsed(elapsedMs)}  ${counts}, ${judged} of ${sights} snapshots judged${images}; ${state.slice(0, 60)}`
}

/** What happened how often, then what was lost, and last the line that machines read. */
export function resultLines(result: SoakResult): string[] {
  const { journal, judged, lost, problem } = result
  const counts = journal.counts.map(([name, count]) => `${String(count).padStart(6)}  ${name}`)
  const isBad = lost.length > 0 || problem !== undefined
  const account = isBad ? ['', 'The last that happened:', ...journal.tail] : []
  const said = problem === undefined ? [] : ['', problem]
  const images = new Set(lost.map(({ what }) => what)).size
  const closing = `${journal.operations} operations, ${judged} snapshots judged, ${images} images lost`
  return [...counts, ...account, ...lostLines(result), ...said, '', closing]
}

function lostLines({ lost, journal }: SoakResult): string[] {
  if (lost.length === 0) return []
  const lines = lost.slice(0, SHOWN).map(({ what, why, cluster, by, from, sight }) => {
    const barrier = sight.barrier === undefined ? 'none' : journal.at(sight.barrier)
    const user = by === undefined ? '' : ` of ${by} in ${cluster}`
    return `LOST ${what}${user}: ${why}; since ${journal.at(from)}, barrier ${barrier}, snapshot ${journal.at(sight.madeAt)}`
  })
  const more = lost.length > SHOWN ? [`and ${lost.length - SHOWN} more`] : []
  return ['', ...lines, ...more]
}

/** Minutes and seconds. */
export function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
