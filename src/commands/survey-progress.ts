import { counted } from '#catalogue/counted.ts'
import { shortened } from '#commands/table.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { Clock } from '#time/clock.ts'

/** How far the reading of one cluster is. */
export interface ClusterProgress {
  readonly name: string
  /** Kinds of objects that are read; 0: not known yet. */
  readonly kinds: number
  /** Those of them of which everything is read. */
  readonly complete: number
  readonly objects: number
}

const BAR = 24
const REDRAW_MS = 100
/** Where there is no terminal, a line more than this would fill a log. */
const NOTE_MS = 5_000

/** Tells how far it is until the returned function is called: a bar for each cluster on a terminal, lines now and then elsewhere. */
export function showProgress(
  terminal: Terminal,
  clock: Clock,
  progress: () => readonly ClusterProgress[],
): () => void {
  const everyMs = terminal.progress === undefined ? NOTE_MS : REDRAW_MS
  const draw = () => {
    const room = terminal.progress
    if (room === undefined) for (const line of progressNotes(progress())) terminal.note(line)
    else terminal.show(progressLines(progress(), room))
    cancel = clock.schedule(everyMs, draw)
  }
  let cancel = clock.schedule(everyMs, draw)
  return () => {
    cancel()
    terminal.show([])
  }
}

/** A line for each cluster that is not complete. */
export function progressNotes(clusters: readonly ClusterProgress[]): string[] {
  return clusters
    .filter((cluster) => !isComplete(cluster))
    .map((cluster) => `${cluster.name}: ${far(cluster)}`)
}

/** A line for each cluster that fits the room; where there are too many, those that are not complete first. */
export function progressLines(
  clusters: readonly ClusterProgress[],
  room: { readonly columns: number; readonly rows: number },
): string[] {
  // The cursor goes below them, and one line says how many are not shown.
  const most = Math.max(1, room.rows - 2)
  const shown =
    clusters.length <= most
      ? clusters
      : [...clusters].sort((a, b) => Number(isComplete(a)) - Number(isComplete(b))).slice(0, most)
  const width = Math.max(...shown.map(({ name }) => name.length))
  const lines = shown.map((cluster) => `${cluster.name.padEnd(width)}  ${bar(cluster)} ${far(cluster)}`)
  const hidden = clusters.length - shown.length
  if (hidden > 0) lines.push(`… and ${hidden} more`)
  return lines.map((line) => shortened(line, room.columns - 1))
}

function isComplete({ kinds, complete }: ClusterProgress): boolean {
  return kinds > 0 && complete === kinds
}

function bar({ kinds, complete }: ClusterProgress): string {
  const filled = kinds === 0 ? 0 : Math.floor((complete / kinds) * BAR)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`
}

function far({ kinds, complete, objects }: ClusterProgress): string {
  return kinds === 0 ? 'not listed yet' : `${complete}/${kinds} kinds, ${counted(objects, 'object')} so far`
}
