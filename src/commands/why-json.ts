import type { SaidVerdict } from '#commands/said-verdicts.ts'
import type { Departure } from '#commands/why-gone.ts'
import type { PolicyRuling } from '#commands/why-policies.ts'
import type { WhyReport } from '#commands/why-report.ts'
import type { ClusterUsers, WorkloadUse } from '#inventory/who-uses.ts'
import { reasonText } from '#retention/reasons.ts'
import type { Verdict } from '#retention/verdict.ts'

/** The report as JSON; times are RFC 3339, those of `remembered` full hours. `remembered` is null where no ledger was read, `verdicts` where no rules were given, `policies` where none were looked for; `departure` stands in a policy whose registry does not have the image. */
export function whyJson({ asked, inUse, clusters, users, seeming, remembered, ruling }: WhyReport): string {
  const report = {
    image: asked.text,
    inUse,
    clusters,
    users: users.map(cluster),
    seemingNames: seeming,
    remembered:
      remembered?.map((entry) => ({
        ...entry,
        firstSeen: time(entry.firstSeen),
        lastSeen: time(entry.lastSeen),
      })) ?? null,
    verdicts: ruling.given?.verdicts.map(verdict) ?? null,
    policies: ruling.policies?.map(policy) ?? null,
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

function cluster({ cluster: name, workloads, nodes }: ClusterUsers) {
  return { cluster: name, workloads: workloads.map(workload), nodesCaching: nodes }
}

function workload({ namespace, kind, name, use, images, objectCount, pullFailures, pods }: WorkloadUse) {
  return {
    ...{ namespace, kind, name, use, images, objects: objectCount, pullFailures },
    pods: pods.map((pod) => ({
      ...{ name: pod.name, node: pod.node, phase: pod.phase, pullFailing: pod.pullFailing },
      finishedAt: pod.finishedAt === undefined ? null : time(pod.finishedAt),
    })),
  }
}

function policy({ policy: about, plan, said, departure }: PolicyRuling) {
  const { cluster: of, name, mode, isSuspended, registry, refusal } = about
  return {
    ...{ cluster: of, policy: name, registry: registry.name, mode, suspended: isSuspended },
    ...(refusal === undefined ? {} : { refusal }),
    verdicts: said.map(saidVerdict),
    plan: plan === undefined ? null : 'unknown' in plan ? plan : { readAt: time(plan.at) },
    ...(departure === undefined ? {} : { departure: departed(departure) }),
  }
}

function departed(departure: Departure) {
  if ('unknown' in departure) return { unknown: departure.unknown }
  const { evicted, policy: of, returnedAt, missing, wayBack } = departure
  const { run, tag, digest, at } = evicted
  return {
    ...{ run, policy: of ?? null, tag: tag ?? null, digest, evictedAt: time(at) },
    returnedAt: returnedAt === undefined ? null : time(returnedAt),
    ...{ missing: missing ?? null, wayBack },
  }
}

function saidVerdict({ tag, digest, action, code, reason, rule, plannedAt }: SaidVerdict) {
  return {
    ...{ tag, digest: digest ?? null, action, code, reason, rule },
    plannedAt: plannedAt === undefined ? null : time(plannedAt),
  }
}

function verdict({ tag, digest, action, reason, rule }: Verdict) {
  const said = { action, code: reason.code, reason: reasonText(reason) }
  return { tag, digest: digest ?? null, ...said, rule: rule ?? null }
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}
