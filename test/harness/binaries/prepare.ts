/**
 * `node test/harness/binaries/prepare.ts [group…]`: makes the programs available that tests, demo and benchmarks
 * start, and prints where they are. Without arguments all of them.
 */
import { GROUPS, prepareGroup } from '#test/harness/binaries/programs.ts'

const wanted = process.argv.slice(2)
const unknown = wanted.filter((group) => !GROUPS.includes(group))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}. Known: ${GROUPS.join(', ')}`)
  process.exit(2)
}

let failures = 0
// One after the other: a build uses all cores anyway, and apt takes one at a time.
for (const group of wanted.length > 0 ? wanted : GROUPS) {
  try {
    for (const [name, file] of await prepareGroup(group)) console.log(`${name.padEnd(24)} ${file}`)
  } catch (error) {
    failures += 1
    console.error(error instanceof Error ? error.message : String(error))
  }
}
process.exit(failures > 0 ? 1 : 0)
