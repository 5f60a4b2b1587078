import { GROUPS, PURPOSES, prepareGroup } from '#test/harness/binaries/programs.ts'

/**
 * `node test/harness/binaries/prepare.ts PURPOSE…`: makes the programs available that tests, demo or benchmarks start,
 * and prints where they are. A purpose, or the name of one group.
 */
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in PURPOSES) && !GROUPS.includes(name))
if (wanted.length === 0 || unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}. Known: ${[...Object.keys(PURPOSES), ...GROUPS].join(', ')}`)
  process.exit(2)
}
const groups = new Set(wanted.flatMap((name) => PURPOSES[name] ?? [name]))

let failures = 0
// One after the other: a build uses all cores anyway, and apt takes one at a time.
for (const group of groups) {
  try {
    for (const [name, file] of await prepareGroup(group)) console.log(`${name.padEnd(24)} ${file}`)
  } catch (error) {
    failures += 1
    console.error(error instanceof Error ? error.message : String(error))
  }
}
process.exit(failures > 0 ? 1 : 0)
