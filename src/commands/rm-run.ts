import { confirmed } from '#commands/confirm.ts'
import type { RemovalMethod } from '#commands/deletion-method.ts'
import { PlanProgress } from '#commands/plan-progress.ts'
import { printable } from '#commands/printable.ts'
import { showLine } from '#commands/progress-line.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import { carryOut, type RemovalWork } from '#commands/rm-execution.ts'
import { RemovalHands } from '#commands/rm-hands.ts'
import type { AskedRemoval } from '#commands/rm-images.ts'
import { RemovalTally } from '#commands/rm-tally.ts'
import { endText, previewText, question, refusalText, unfinishedText } from '#commands/rm-text.ts'
import type { RecentUse } from '#commands/rm-use.ts'
import type { Terminal } from '#commands/terminal.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import type { InUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import { judge } from '#retention/judge.ts'
import { decideRemoval, type RemovalDecision } from '#retention/removal-request.ts'
import { readRegistry } from '#scan/registry-reader.ts'
import { usedImages } from '#scan/used-images.ts'
import { systemClock } from '#time/clock.ts'

const DONE = 0
/** Nothing was removed. */
const REFUSED = 2
/** Some of it was not. */
const PARTLY = 3

/**
 * Reads the repositories, decides, tells what would go, asks, and does it.
 * @param clusters names of those that are watched
 * @returns the exit code @throws DELETE_*, REGISTRY_*, JOURNAL_INVALID, BARRIER_NOT_REACHED, CANCELLED
 */
export async function rmRun(
  asked: AskedRemoval,
  { use, clusters }: { readonly use: RecentUse; readonly clusters: readonly string[] },
  session: RegistrySession,
  terminal: Terminal,
): Promise<number> {
  const { place, requests, options } = asked
  const hands = new RemovalHands({ options, use, session, terminal })
  const repositories = [...new Set(requests.map(({ repository }) => repository))].sort()
  if (options.dryRun !== true) for (const repository of repositories) await hands.settleEarlier(repository)
  const facts = await read(asked, repositories, use, session, terminal)
  const decide = (usage: InUseIndex) => decision(asked, facts, usage)
  const { refusals, removals } = decide(use.index)
  for (const refusal of refusals) terminal.note(printable(refusalText(refusal)))
  if (refusals.length > 0) return REFUSED
  await printLines(terminal, previewText(removals))
  if (options.dryRun === true) return DONE
  const methods = new Map<string, RemovalMethod>()
  for (const removal of removals) methods.set(removal.repository, await hands.method(removal))
  if (options.yes !== true) {
    const people = { input: process.stdin, output: process.stderr }
    const answer = await confirmed(question(removals, place.host, clusters), people, session.signal)
    if (answer !== true) {
      terminal.note(answer === undefined ? UNASKED : 'tallyman: Nothing is removed.')
      return REFUSED
    }
  }
  const tally = new RemovalTally()
  const ended: RemovalWork['ended'] = (repository, each) => tally.add(repository, each)
  try {
    await carryOut(removals, { hands, use, methods, decide, ended })
  } catch (error) {
    for (const line of unfinishedText(removals, tally)) terminal.note(printable(`tallyman: ${line}`))
    throw error
  }
  await printLines(terminal, endText(tally, hands.wayBack(place.host)))
  return tally.left.length === 0 ? DONE : PARTLY
}

const UNASKED =
  'tallyman: Nothing is removed: there is no terminal to ask on. With --yes it is done without asking.'

async function printLines(terminal: Terminal, lines: readonly string[]): Promise<void> {
  await terminal.print(lines.map((line) => `${printable(line)}\n`).join(''))
}

async function read(
  { place, requests, options }: AskedRemoval,
  repositories: readonly string[],
  use: RecentUse,
  { client, signal }: RegistrySession,
  terminal: Terminal,
): Promise<RegistryFacts> {
  const inUse = usedImages(use.known, { host: place.host, aliases: options.alias })
  const asked = Map.groupBy(requests, ({ repository }) => repository)
  const progress = new PlanProgress(place.host)
  const endProgress = options.quiet ? () => undefined : showLine(terminal, systemClock, () => progress.line)
  const reading = readRegistry({
    ...{ client, signal, progress, repositories, clock: systemClock, concurrency: options.concurrency },
    workspaces: [],
    // A digest that no tag names is only found where it is asked for.
    used: {
      tags: (name) => inUse.tags(name),
      digests: (name) => [
        ...inUse.digests(name),
        ...(asked.get(name) ?? []).flatMap(({ digest }) => digest ?? []),
      ],
    },
  })
  return await reading.finally(endProgress)
}

function decision(
  { place, requests, options }: AskedRemoval,
  facts: RegistryFacts,
  usage: InUseIndex,
): RemovalDecision {
  const workspaces = [options.workspace, CLAIMS_REPOSITORY]
  const judgement = judge({
    ...{ facts, usage, workspaces, rules: [], restored: [], unusedSince: undefined, now: systemClock.now() },
    names: { host: place.host, aliases: options.alias },
  })
  return decideRemoval(judgement, { requests, workspaces, allTags: options.allTags === true })
}
