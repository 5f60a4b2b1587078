// `make mutants`: takes one protection after the other out of a copy of the code. For each, some test has to fail.
// ONLY=text: those whose rule or file has the text.
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ALL_MUTANTS, type PlacedMutant } from '#test/mutants/all.ts'
import { mutate } from '#test/mutants/mutate.ts'
import { type TestSet, testsOf } from '#test/mutants/tests-of.ts'
import { type TestOutcome, Workshop } from '#test/mutants/workshop.ts'
import { recordCount } from '../bench/counts.ts'

const ROOT = path.join(import.meta.dirname, '..')
const MAX_WORKSHOPS = 2
/** Who uses what; everything else decides by it what may go, or lets it go. */
const OF_INVENTORY = /^src\/(?:inventory|clusters|kube)\//

const only = process.argv[2]
const chosen = ALL_MUTANTS.filter(({ rule, file }) => only === undefined || `${rule} ${file}`.includes(only))
if (chosen.length === 0) {
  console.error(`No mutant has ${JSON.stringify(only)} in its rule or file.`)
  process.exit(2)
}
// Before anything is run: a list that does not fit the code any more is to be mended first.
for (const mutant of chosen) mutate(readFileSync(path.join(ROOT, mutant.file), 'utf8'), mutant)

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)))
}

const workshops: Workshop[] = []
try {
  const count = Math.min(MAX_WORKSHOPS, os.availableParallelism())
  for (let opened = 0; opened < count; opened += 1) workshops.push(await Workshop.open(ROOT))
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await Promise.all(workshops.map((workshop) => workshop.close()))
}

async function main(): Promise<number> {
  console.log(`The tests of the code as it is, then ${chosen.length} mutants of it`)
  const sets = new Map(chosen.flatMap(testsOf).map((set) => [set.files.join(' '), set]))
  await inWorkshops([...sets.values()], async (workshop, set) => {
    const outcome = await workshop.test(set, stop.signal)
    if (outcome.kind === 'passed') return
    const test = outcome.kind === 'failed' ? ` (${outcome.test})\n${outcome.why}` : ''
    throw new Error(`Without any mutant: ${set.files.join(' ')} ${describe(outcome)}${test}`)
  })
  const alive: PlacedMutant[] = []
  const broken: PlacedMutant[] = []
  let done = 0
  await inWorkshops(chosen, async (workshop, mutant) => {
    const outcome = await workshop.without(mutant, () => firstToFail(workshop, testsOf(mutant)))
    if (outcome.kind === 'passed') alive.push(mutant)
    if (outcome.kind === 'broken') broken.push(mutant)
    done += 1
    console.log(
      `${String(done).padStart(4)}/${chosen.length}  ${describe(outcome).padEnd(44)} ${mutant.rule}`,
    )
  })
  for (const { file, rule, find, replace } of [...alive, ...broken]) {
    console.error(`\n${rule}\n  ${file}\n  - ${find}\n  + ${replace}`)
  }
  const unkilled = alive.length + broken.length
  const note = broken.length === 0 ? '' : `, ${broken.length} that prove nothing`
  console.log(`\n${chosen.length - unkilled} killed, ${alive.length} alive${note}`)
  if (only === undefined) {
    const ofInventory = [...alive, ...broken].filter(({ file }) => OF_INVENTORY.test(file)).length
    recordCount('inventory.mutants-alive', ofInventory)
    recordCount('policy.mutants-alive', unkilled - ofInventory)
  }
  return unkilled === 0 ? 0 : 1
}

/** Each item in the workshop that is free next. One that fails ends it all. */
async function inWorkshops<T>(
  items: readonly T[],
  work: (workshop: Workshop, item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const ended = await Promise.allSettled(
    workshops.map(async (workshop) => {
      try {
        for (const item of queue) await work(workshop, item)
      } catch (error) {
        if (!stop.signal.aborted) stop.abort(error)
        throw error
      }
    }),
  )
  if (ended.some(({ status }) => status === 'rejected')) throw stop.signal.reason
}

async function firstToFail(workshop: Workshop, sets: readonly TestSet[]): Promise<TestOutcome> {
  for (const set of sets) {
    const outcome = await workshop.test(set, stop.signal)
    if (outcome.kind !== 'passed') return outcome
  }
  return { kind: 'passed' }
}

function describe(outcome: TestOutcome): string {
  if (outcome.kind === 'passed') return 'ALIVE'
  if (outcome.kind === 'failed') return `killed by ${outcome.by}`
  return outcome.kind === 'hung' ? 'killed: the tests hang' : `PROVES NOTHING: ${outcome.why}`
}
