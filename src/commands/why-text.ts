import { counted } from '#catalogue/counted.ts'
import { minute } from '#commands/minute.ts'
import { printable } from '#commands/printable.ts'
import { alignedLines } from '#commands/table.ts'
import type { RememberedUse, WhyReport } from '#commands/why-report.ts'
import { rulingText } from '#commands/why-ruling-text.ts'
import type { ClusterUsers, PodUse, WorkloadUse } from '#inventory/who-uses.ts'

/** As many pods of a workload, and nodes of a cluster, are named. */
const NAMED = 10

/** The report for people. Complete but for pods and nodes, of which the first are named and all are counted. */
export function whyText(report: WhyReport): string {
  const parts = [
    headline(report),
    ...report.users.map((users) => clusterLines(users, report.asked.text)),
    seeming(report),
    memory(report),
    ...rulingText(report),
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
    `Remembered by ImageInventory ${inventory}, to the hour:`,
    ...alignedLines(entries.map(memoryRow)).map((line) => `  ${line}`),
  ])
}

function memoryRow({ cluster, image, firstSeen, lastSeen, users }: RememberedUse): string[] {
  const by = users.length === 0 ? '' : `by ${users.join(', ')}`
  return [cluster, printable(image), `first seen ${minute(firstSeen)}`, `last seen ${minute(lastSeen)}`, by]
}

function more(count: number): string {
  return count > 0 ? ` and ${count} more` : ''
}
