import { holdOn } from '#controllers/evicted-hold.ts'
import type { Returned } from '#evict/evicted.ts'
import type { Hold, OpenRun } from '#retention/policy-record.ts'

/**
 * The hold that a process has left unrecorded that died between putting back what a run had harmed and the record of it: the run is still open, and its own journal tells
 * of what it put back (S04, S15).
 */
export function unrecordedHarm(
  returned: readonly Returned[],
  run: Pick<OpenRun, 'id'> | undefined,
  hold: Hold | undefined,
): Hold | undefined {
  const harms = returned.filter((each) => each.isHarm === true && each.run === run?.id)
  const newest = harms.reduce<Returned | undefined>(
    (a, b) => (a === undefined || b.at > a.at ? b : a),
    undefined,
  )
  if (newest === undefined || newest.at <= (hold?.since ?? 0)) return undefined
  const { repository, tag, digest, at } = newest
  const image = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`
  return holdOn(`Run ${newest.run} had to put back ${image}, which was to stay`, at)
}
