// `make mutants`: takes one protection after the other out of a copy of the code. For each, some test has to fail.
// ONLY=text: those whose rule or file has the text.
import path from 'node:path'
import { ALL_MUTANTS, type PlacedMutant } from '#test/mutants/all.ts'
import { type TestOutcome, type TestSet, Workshop } from '#test/mutants/workshop.ts'
import { recordCount } from '../bench/counts.ts'

const ROOT = path.join(import.meta.dirname, '..')
const WORKSHOPS = 2

/** The cheap tests first: few mutants survive them. */
const UNIT: TestSet = { files: ['src/inventory'], limitMs: 180_000 }
const MODEL: TestSet = { files: ['test/model'], limitMs: 600_000 }

const only = process.argv[2]
const chosen = ALL_MUTANTS.filter(({ rule, file }) => only === undefined || `${rule} ${file}`.includes(only))
if (chosen.length === 0) {
  console.error(`No mutant has ${JSON.stringify(only)} in its rule or file.`)
  process.exit(2)
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)))
}

const workshops = await Promise.all(Array.from({ length: WORKSHOPS }, () => Workshop.open(ROOT)))
try {
  process.exitCode = await main(workshops)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await Promise.all(workshops.map((workshop) => workshop.close()))
}

async function main([first, ...others]: readonly Workshop[]): Promise<number> {
  if (first === undefined) return 1
  console.log(`The tests of the code as it is, then ${chosen.length} mutants of it`)
  for (const set of [UNIT, MODEL]) {
    const outcome = await first.test(set, stop.signal)
    if (outcome.kind === 'passed') continue
    console.error(
      `${set.files.join(' ')}: ${describe(outcome)} without any mutant: nothing can be said of them`,
    )
    return 1
  }
  const alive: PlacedMutant[] = []
  const broken: PlacedMutant[] = []
  const queue = chosen.entries()
  const worker = async (workshop: Workshop) => {
    for (const [at, mutant] of queue) {
      const outcome = await outcomeOf(workshop, mutant)
      if (outcome.kind === 'passed') alive.push(mutant)
      if (outcome.kind === 'broken') broken.push(mutant)
      console.log(
        `${String(at + 1).padStart(4)}/${chosen.length}  ${describe(outcome).padEnd(44)} ${mutant.rule}`,
      )
    }
  }
  await Promise.all([first, ...others].map(worker))
  for (const { file, rule, find, replace } of [...alive, ...broken]) {
    console.error(`\n${rule}\n  ${file}\n  - ${find}\n  + ${replace}`)
  }
  console.log(
    `\n${chosen.length - alive.length - broken.length} killed, ${alive.length} alive, ${broken.length} that prove nothing`,
  )
  if (only === undefined) recordCount('inventory.mutants-alive', alive.length + broken.length)
  return alive.length + broken.length === 0 ? 0 : 1
}

/** What only the model notices is a protection whose unit test is missing; it counts all the same. */
async function outcomeOf(workshop: Workshop, mutant: PlacedMutant): Promise<TestOutcome> {
  return await workshop.without(mutant, async () => {
    const unit = await workshop.test(UNIT, stop.signal)
    return unit.kind === 'passed' ? await workshop.test(MODEL, stop.signal) : unit
  })
}

function describe(outcome: TestOutcome): string {
  if (outcome.kind === 'passed') return 'ALIVE'
  if (outcome.kind === 'failed') return `killed by ${outcome.by}`
  return outcome.kind === 'hung' ? 'killed: the tests hang' : `PROVES NOTHING: ${outcome.why}`
}
