import { breaksPull } from '#health/roll-up.ts'
import type { LookedAtImage } from '#scan/lap-result.ts'

/** An image that cannot be pulled, and what is known of what it was. */
export interface RepairCandidate {
  /** As workloads write it. */
  readonly image: string
  readonly repository: string
  /** Absent: workloads name it by digest. */
  readonly tag?: string | undefined
  /** What it may have been, by who knows best: what the registry itself said, then what runs. Distinct. */
  readonly digests: readonly string[]
  /** Digests that are there and damaged. */
  readonly damaged: ReadonlySet<string>
}

/** The images in use of a lap that cannot be pulled, each place of the registry once, in their order. */
export function repairCandidates(lookedAt: readonly LookedAtImage[]): RepairCandidate[] {
  const places = new Set<string>()
  return lookedAt.flatMap(({ use, state, place, findings }) => {
    if (state !== 'unhealthy' || place === undefined || use.kinds.length === 0) return []
    const { repository, reference, isTag, digest } = place
    const key = `${repository} ${reference}`
    if (places.has(key)) return []
    places.add(key)
    const broken = findings.filter(breaksPull).map(({ subject }) => subject)
    return [
      {
        ...{ image: use.image, repository },
        ...(isTag ? { tag: reference } : {}),
        digests: [
          ...new Set([...(digest === undefined ? [] : [digest]), ...(isTag ? use.runningDigests : [])]),
        ],
        damaged: new Set(broken.filter((subject) => subject.includes(':'))),
      },
    ]
  })
}
