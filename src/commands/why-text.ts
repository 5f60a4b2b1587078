import { counted } from '#commands/counted.ts'
import { printable } from '#commands/printable.ts'
import { alignedLines } from '#commands/table.ts'
import type { Departure } from '#commands/why-gone.ts'
import type { RememberedUse, WhyReport } from '#commands/why-report.ts'
import type { RuledImage } from '#commands/why-verdict.ts'
import type { ClusterUsers, PodUse, WorkloadUse } from '#inventory/who-uses.ts'
import { verdictText } from '#retention/verdict.ts'

/** As many pods of a workload, and nodes of a cluster, are named. */
const NAMED = 10

/** The report for people. Complete but for pods and nodes, of which the first are named and all are counted. */
export function whyText(report: WhyReport): string {
  const parts = [
    headline(report),
    ...report.users.map((users) => clusterLines(users, report.asked.text)),
    seeming(report),
    memory(report),
    givenRules(report),
    ...policies(report),
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

function headline({ asked, inUse, users, clusters }: WhyReport): string[] {
  if (inUse === 'no') return [`${asked.text} is not in use in ${clusters.join(', ')}.`]
  const verb = inUse === 'yes' ? 'is' : 'seems to be'
  return [`${asked.text} ${verb} in use in ${users.length} of ${counted(clusters.length, 'cluster')}.`]
}

function clusterLines({ cluster, workloads, nodeCount, nodes }: ClusterUsers, asked: string): string[] {
  const lines = [cluster]
  for (const uses of byWorkload(workloads)) {
    const [first] = uses
    if (first === undefined) continue
    lines.push(`  ${[first.namespace, first.kind, first.name].filter((part) => part !== '').join('/')}`)
    const rows = uses.flatMap((use) => (use.use === 'pod' ? podRows(use, asked) : [objectRow(use, asked)]))
    lines.push(...alignedLines(rows).map((line) => `    ${line}`))
  }
  if (nodeCount > 0) {
    const named = nodes.slice(0, NAMED).join(', ')
    lines.push(`  cached on ${counted(nodeCount, 'node')}: ${named}${more(nodeCount - NAMED)}`)
  }
  return lines
}

/** What one workload does with it, in the order in which its strongest use comes. */
function byWorkload(workloads: readonly WorkloadUse[]): WorkloadUse[][] {
  const grouped = Map.groupBy(workloads, ({ namespace, kind, name }) => `${namespace}/${kind}/${name}`)
  return [...grouped.values()]
}

function podRows({ pods, objectCount, images }: WorkloadUse, asked: string): string[][] {
  const written = asWritten(images, asked)
  const rows = pods.slice(0, NAMED).map((pod) => ['pod', pod.name, pod.node || '-', state(pod), written])
  if (objectCount > NAMED) rows.push(['pod', more(objectCount - NAMED).trim()])
  return rows
}

function objectRow({ use, objectCount, images }: WorkloadUse, asked: string): string[] {
  return [use, counted(objectCount, 'object'), '', '', asWritten(images, asked)]
}

function state({ phase, pullFailing, finishedAt }: PodUse): string {
  const words = [phase || 'Unknown']
  if (pullFailing) words.push('ImagePullBackOff')
  if (finishedAt !== undefined) words.push(`finished ${minute(finishedAt)}`)
  return words.join(', ')
}

/** Nothing where it is written as it was asked for. */
function asWritten(images: readonly string[], asked: string): string {
  const others = images.filter((image) => image !== asked).map(printable)
  return others.length === 0 ? '' : `as ${others.join(', ')}`
}

const MEANING = {
  salvaged: 'no legal reference, and this is what it seems to mean',
  'suspected-alias': 'its path ends in the same repository; another name of the same registry?',
} as const

function seeming({ asked, seeming: names }: WhyReport): string[] {
  if (names.length === 0) return []
  const rows = names.map(({ image, match }) => [
    printable(image),
    match === 'salvaged' || match === 'suspected-alias' ? MEANING[match] : '',
  ])
  return [`Names that may mean ${asked.text}:`, ...alignedLines(rows).map((line) => `  ${line}`)]
}

const NO_MEMORY = 'This is what uses it now; no memory of earlier use was read.'

function memory({ remembered }: WhyReport): string[] {
  if (remembered === undefined) return [NO_MEMORY]
  if (remembered.length === 0) return ['No ledger remembers it.']
  return [...Map.groupBy(remembered, ({ inventory }) => inventory)].flatMap(([inventory, entries]) => [
    `Remembered by ImageInventory ${inventory}:`,
    ...alignedLines(entries.map(memoryRow)).map((line) => `  ${line}`),
  ])
}

function memoryRow({ cluster, image, firstSeen, lastSeen, users }: RememberedUse): string[] {
  const by = users.length === 0 ? '' : `by ${users.join(', ')}`
  return [cluster, printable(image), `first seen ${minute(firstSeen)}`, `last seen ${minute(lastSeen)}`, by]
}

function givenRules({ asked, ruling: { given } }: WhyReport): string[] {
  if (given === undefined) return []
  if (given.verdicts.length === 0) return [withoutVerdict(given, asked.text)]
  return ['By the rules:', ...verdictLines(given)]
}

const POLICY_KNOWS_MORE =
  'This is by what is in use now in these clusters. The policy counts what only its operator knows too: earlier use, pins, what was brought back.'

function policies({ asked, ruling }: WhyReport): string[][] {
  const { policies: rulings = [] } = ruling
  const parts = rulings.map(({ policy, ruled }) => {
    const { cluster, name, mode, isSuspended, registry, refusal } = policy
    const state = `Registry ${registry.name}, mode ${mode}${isSuspended ? ', suspended' : ''}`
    return [
      `By RegistryPolicy ${name} of ${cluster} (${state}):`,
      ...(ruled.verdicts.length === 0 ? [`  ${withoutVerdict(ruled, asked.text)}`] : verdictLines(ruled)),
      ...(refusal === undefined
        ? []
        : [`  Nothing is done by this policy as it stands: ${printable(refusal)}`]),
    ]
  })
  const departures = new Set(rulings.flatMap(({ departure }) => departure ?? []))
  const gone = [...departures].map((departure) => departureLines(departure, asked.text))
  return parts.length === 0 ? [] : [...parts, ...gone, [POLICY_KNOWS_MORE]]
}

function departureLines(departure: Departure, asked: string): string[] {
  if ('unknown' in departure) {
    return [printable(`Whether a run took ${asked} is not known: ${departure.unknown}.`)]
  }
  const { evicted, policy, returnedAt, missing, wayBack } = departure
  const by = `run ${evicted.run}${policy === undefined ? '' : ` of RegistryPolicy ${policy}`}`
  const lines = [`${asked} was ${evicted.digest}, and was evicted on ${minute(evicted.at)} by ${by}.`]
  if (returnedAt !== undefined) {
    lines.push(`It was brought back on ${minute(returnedAt)}, and what took it after that kept no journal.`)
  } else if (missing === undefined) lines.push(`It can be brought back: ${wayBack}`)
  else lines.push(`It cannot be brought back, because something of it is gone for good: ${missing}.`)
  return lines.map(printable)
}

function withoutVerdict({ isUntagged }: RuledImage, asked: string): string {
  return isUntagged
    ? `The registry has ${asked}, and no tag names it: no rule is about it.`
    : `The registry does not have ${asked}.`
}

function verdictLines({ repository, verdicts }: RuledImage): string[] {
  const rows = verdicts.map((verdict) => [
    `${repository}:${verdict.tag}`,
    printable(verdictText(verdict)),
    verdict.rule === undefined ? '' : `by rule ${printable(verdict.rule)}`,
  ])
  return alignedLines(rows).map((line) => `  ${line}`)
}

/** `2026-11-25 14:05 UTC` */
function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function more(count: number): string {
  return count > 0 ? ` and ${count} more` : ''
}
