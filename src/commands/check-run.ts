import { counted } from '#catalogue/counted.ts'
import { TallymanError } from '#catalogue/error.ts'
import { type AskedCheck, type CheckOptions, DEPTHS, PLATFORMS } from '#commands/check-options.ts'
import { checkExitCode, checkVerdict } from '#commands/check-verdict.ts'
import type { KnownUse } from '#commands/cluster-use.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import { selectOf } from '#commands/selection-options.ts'
import { CONTENT_CYCLE } from '#crds/registry-check.ts'
import { isOutage } from '#health/verdict.ts'
import { imageNodes } from '#inventory/image-nodes.ts'
import { buildCheckReport } from '#report/build-check-report.ts'
import type { CheckReport } from '#report/check-report.ts'
import { lap } from '#scan/lap.ts'
import { emptyMemory, type LapProgress, type LapSpec } from '#scan/lap-input.ts'
import { systemClock } from '#time/clock.ts'

/** How many nodes each list of a report names. */
const NODES_NAMED = 10

/**
 * One run over a registry, as of a RegistryCheck that remembers nothing; everything is read and proven now.
 * @throws REGISTRY_UNREACHABLE where most of the registry did not answer: that says nothing about its images; REGISTRY_*; CANCELLED
 */
export async function checkRegistry(
  { place, named, options }: AskedCheck,
  { snapshot, clusters, missing }: KnownUse,
  { client, url, signal }: RegistrySession,
  progress: LapProgress,
): Promise<{ readonly report: CheckReport; readonly code: number }> {
  const { host } = place
  const spec = lapSpec(place, options)
  const startedAt = systemClock.now()
  const done = await lap({
    ...{ client, spec, snapshot, signal, progress, clock: systemClock, concurrency: options.concurrency },
    names: { host, aliases: options.alias },
    repositories: named,
    pullThrough: options.pullThrough === true,
    memory: emptyMemory(systemClock),
    provesAnew: true,
    untilNextLapMs: Number.POSITIVE_INFINITY,
    readingMs: Number.POSITIVE_INFINITY,
  })
  if (isOutage(done)) {
    const { total } = done.images
    throw new TallymanError(
      'REGISTRY_UNREACHABLE',
      `${host} did not answer for ${done.unreachable} of ${counted(total, 'image')}: nothing is concluded`,
    )
  }
  const verdict = checkVerdict(done, { host, scope: spec.scope, missing })
  const found = [...done.findings, ...done.accepted].map(({ use }) => use.image)
  const nodes = imageNodes(clusters, new Set(found), NODES_NAMED)
  const report = buildCheckReport({
    check: { namespace: '', name: 'tallyman check', uid: '' },
    registry: { name: host, url },
    inventory: clusters.map(({ name }) => name).join(', '),
    ...{ spec, verdict },
    run: { ...done, startedAt, finishedAt: systemClock.now() },
    outdatedAt: undefined,
    firstSeen: () => undefined,
    nodes: (image) => nodes.get(image),
  })
  return { report, code: checkExitCode(done, verdict) }
}

function lapSpec({ repository }: RegistryPlace, options: CheckOptions): LapSpec {
  const { all, depth, bytesPerSecond, platforms, maxAge, severity, ignore, referrers } = options
  const select = selectOf(options)
  return {
    scope: all === true ? 'All' : 'InUse',
    select: {
      ...select,
      repositories: repository === undefined ? select.repositories : [repository],
      maxAge,
    },
    depth: DEPTHS[depth],
    content: bytesPerSecond === undefined ? undefined : { cycle: CONTENT_CYCLE, bytesPerSecond },
    // Nothing is remembered: all evidence is of this run.
    evidenceMaxAge: '1h',
    platforms: PLATFORMS[platforms],
    severity: [...severity],
    referrers: referrers === true,
    ignore: [...ignore],
  }
}
