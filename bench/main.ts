// `make bench`: every figure as a ratio to something run beside it in the same run. `ONLY=read` for one group.
import { checkGroup } from './check/group.ts'
import { type Figure, figureLine } from './figure.ts'
import { inventoryGroup } from './inventory/group.ts'
import { policyGroup } from './policy/group.ts'
import { readGroup } from './read/group.ts'
import { store, table } from './results.ts'
import { watchGroup } from './watch/group.ts'

const groups: Readonly<Record<string, () => Promise<Figure[]>>> = {
  read: readGroup,
  watch: watchGroup,
  inventory: inventoryGroup,
  check: checkGroup,
  policy: policyGroup,
}
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in groups))
if (unknown.length > 0) {
  console.error(`No such group: ${unknown.join(', ')}. There are: ${Object.keys(groups).join(', ')}.`)
  process.exit(2)
}

for (const [name, group] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`# ${name}`)
  const figures = await group()
  store(figures)
  for (const figure of figures) {
    if (figure.countedAt !== undefined)
      console.log(`# ${figure.name} was counted at commit ${figure.countedAt.commit}`)
    console.log(figureLine(figure))
  }
}
console.log(`\nAll figures, with what they were measured beside:\n${table()}`)
