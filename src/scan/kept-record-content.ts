import { z } from 'zod'
import type { OpenRun, PolicyRecord } from '#retention/policy-record.ts'
import { invalid } from '#scan/kept-cells.ts'

const time = z.number()
const Content = z.object({
  /** UID. */
  policy: z.string(),
  /** Of repositories, each once: runs name them by their place in here. A thousand runs name mostly the same ones. */
  names: z.array(z.string()),
  approvals: z.array(z.object({ plan: z.string(), usedAt: time, run: z.string() })),
  restored: z.array(z.object({ repository: z.string(), tag: z.string(), until: time })),
  run: z
    .object({
      id: z.string(),
      registry: z.object({ uid: z.string(), url: z.string() }),
      mark: z.string(),
      plan: z.string(),
      cause: z.enum(['Approved', 'Enforced']),
      startedAt: time,
      resumesAt: time.nullable(),
      repositories: z.array(z.int()),
    })
    .nullable(),
  runs: z.array(
    z.object({
      ...{ id: z.string(), plan: z.string(), startedAt: time, finishedAt: time },
      repositories: z.array(z.int()),
    }),
  ),
  hold: z.object({ since: time, because: z.string() }).nullable(),
})

/** A record as JSON, without what may go in its run: that has files of its own. @param policy UID of the policy */
export function contentOf(policy: string, { approvals, restored, run, runs, hold }: PolicyRecord): Buffer {
  const places = new Map<string, number>()
  const placeOf = (name: string) => {
    const place = places.get(name) ?? places.size
    places.set(name, place)
    return place
  }
  const content: Omit<z.infer<typeof Content>, 'names'> = {
    policy,
    approvals: [...approvals],
    restored: [...restored],
    run: run === undefined ? null : openOf(run, placeOf),
    runs: runs.map((each) => ({ ...each, repositories: each.repositories.map(placeOf) })),
    hold: hold ?? null,
  }
  return Buffer.from(JSON.stringify({ ...content, names: [...places.keys()] }))
}

function openOf(run: OpenRun, placeOf: (name: string) => number) {
  const { bindings: _, digests: __, resumesAt = null, repositories, ...rest } = run
  return { ...rest, resumesAt, repositories: repositories.map(placeOf) }
}

/**
 * @returns the record, nothing being allowed in its run, and the UID of the policy that it is of
 * @throws MEMORY_INVALID
 */
export function recordOf(bytes: Buffer): { readonly owner: string; readonly record: PolicyRecord } {
  const { policy, names, run, runs, hold, ...rest } = parse(bytes)
  const nameAt = (place: number) => {
    const name = names[place]
    if (name === undefined) throw invalid(`has no name ${place}`)
    return name
  }
  const named = <T extends { readonly repositories: readonly number[] }>(each: T) => ({
    ...each,
    repositories: each.repositories.map(nameAt),
  })
  const open =
    run === null
      ? undefined
      : { ...named(run), resumesAt: run.resumesAt ?? undefined, bindings: [], digests: [] }
  return { owner: policy, record: { ...rest, run: open, runs: runs.map(named), hold: hold ?? undefined } }
}

function parse(content: Buffer): z.infer<typeof Content> {
  try {
    return Content.parse(JSON.parse(content.toString('utf8')))
  } catch (error) {
    throw invalid('is no record', error)
  }
}
