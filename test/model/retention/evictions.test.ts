import { expect, test } from 'vitest'
import { judge } from '#retention/judge.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { Dice } from '../../soak/dice.ts'
import { DELETION_CASES, Deletions } from './deletions.ts'
import { Reference } from './reference.ts'
import { randomWorld } from './world.ts'

/** With fewer, what is rare does not come up. */
const WORLDS = Math.max(2_000, Number(process.env.TALLYMAN_WORLDS ?? 0) / 50)
const SEED = Number(process.env.TALLYMAN_SEED ?? 6)

test('S06, S09: whatever is carried out of a plan, what stays keeps all that it needs', () => {
  const worlds = new Map<string, number>()
  for (let seed = 0; seed < WORLDS; seed += 1) {
    const input = randomWorld(new Dice(seededRandom(SEED * 1_000_003 + seed)))
    const { wrong, seen } = new Deletions(judge(input), input, new Reference(input))
    expect(wrong, `world ${seed} of seed ${SEED}`).toEqual([])
    for (const name of seen) worlds.set(name, (worlds.get(name) ?? 0) + 1)
  }
  expect(DELETION_CASES.filter((name) => (worlds.get(name) ?? 0) < WORLDS / 1_000)).toEqual([])
}, 300_000)
