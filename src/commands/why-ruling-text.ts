import { minute } from '#commands/minute.ts'
import { printable } from '#commands/printable.ts'
import { isUncertain, type SaidVerdict } from '#commands/said-verdicts.ts'
import { alignedLines } from '#commands/table.ts'
import type { Departure } from '#commands/why-gone.ts'
import type { Planned, Unplanned } from '#commands/why-plan.ts'
import type { PolicyRuling } from '#commands/why-policies.ts'
import type { WhyReport } from '#commands/why-report.ts'
import type { RuledImage } from '#commands/why-verdict.ts'
import { type Action, SAID, verdictText } from '#retention/verdict.ts'

/** What becomes of the image, by rules that were given or by policies: parts of some lines each. */
export function rulingText(report: WhyReport): string[][] {
  return [givenRules(report), ...policies(report)]
}

function givenRules({ asked, ruling: { given } }: WhyReport): string[] {
  if (given === undefined) return []
  if (given.verdicts.length === 0) return [withoutVerdict(given, asked.text)]
  const goes = given.verdicts.some(({ action }) => action !== 'keep')
  return ['By the rules:', ...verdictLines(given), ...(goes ? [RULES_KNOW_LITTLE] : [])]
}

const RULES_KNOW_LITTLE =
  'This is by what is in use now in these clusters: earlier use, pins and when a tag was moved are not counted.'
const POLICY_KNOWS_MORE =
  'This is by what is in use now in these clusters. The policy counts what only its operator knows too: earlier use, when a tag was moved, pins, what was brought back.'
const PLAN_IS_OLD =
  'What a plan says was so when it was made. Right before something goes, its use is looked at again.'

function policies({ asked, ruling }: WhyReport): string[][] {
  const { policies: rulings = [] } = ruling
  const parts = rulings.map((ruling) => {
    const { policy, ruled, said } = ruling
    const { cluster, name, mode, isSuspended, registry, refusal } = policy
    const state = `Registry ${registry.name}, mode ${mode}${isSuspended ? ', suspended' : ''}`
    return [
      `By RegistryPolicy ${name} of ${cluster} (${state}):`,
      ...(said.length === 0 ? [`  ${withoutVerdict(ruled, asked.text)}`] : saidLines(ruling)),
      ...(refusal === undefined
        ? []
        : [`  Nothing is done by this policy as it stands: ${printable(refusal)}`]),
    ]
  })
  const departures = new Set(rulings.flatMap(({ departure }) => departure ?? []))
  const gone = [...departures].map((departure) => departureLines(departure, asked.text))
  return parts.length === 0 ? [] : [...parts, ...gone, restsOn(rulings)]
}

function restsOn(rulings: readonly PolicyRuling[]): string[] {
  const isPlanned = (each: SaidVerdict) => each.plannedAt !== undefined
  const lines = rulings.every(({ said }) => said.length > 0 && said.every(isPlanned))
    ? []
    : [POLICY_KNOWS_MORE]
  return rulings.some(({ said }) => said.some(isPlanned)) ? [...lines, PLAN_IS_OLD] : lines
}

const MAY: Readonly<Record<Action, string>> = { ...SAID, untag: 'may be untagged', evict: 'may be evicted' }

function saidLines({ ruled: { repository }, said, plan }: PolicyRuling): string[] {
  const rows = said.map((each) => [
    `${repository}:${each.tag}`,
    printable(`${(isUncertain(each) ? MAY : SAID)[each.action]}: ${each.reason}`),
    [
      ...(each.rule === null ? [] : [`by rule ${printable(each.rule)}`]),
      ...(each.plannedAt === undefined ? [] : [`as its plan of ${minute(each.plannedAt)} says`]),
    ].join('  '),
  ])
  const lines = alignedLines(rows)
  if (plan !== undefined && said.some(isUncertain)) {
    lines.push(
      printable(`That is not certain: its operator remembers more, and may keep it. ${unsaid(plan)}.`),
    )
  }
  return lines.map((line) => `  ${line}`)
}

function unsaid(plan: Planned | Unplanned): string {
  return 'unknown' in plan
    ? `What its plan says is not known here: ${plan.unknown.replace(/\.$/, '')}`
    : `Its plan of ${minute(plan.at)} was made before that tag was what it is`
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
