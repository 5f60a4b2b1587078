import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recordCount } from '../../bench/counts.ts'
import { FAULTS, operations, play } from './history.ts'

/** `make test` is to play no less. */
const LEAST = 10_000
/** As many histories; `make mutants` needs fewer, `make soak` takes more. */
const HISTORIES = Number(process.env.TALLYMAN_HISTORIES ?? LEAST)
/** The same histories in every run of `make test`; TALLYMAN_SEED plays others. */
const SEED = Number(process.env.TALLYMAN_SEED ?? 4)
/** Rules that have to stand between a fault and a loss. */
const RULES = [
  ...['IdentityUnverified', 'IdentityChanged', 'DuplicateCluster', 'BelowFloor', 'Shrunk', 'ClockSkew'],
  ...['PinsUnreadable', 'LedgerNotLoaded', 'not synced', 'barrier', 'kept by memory alone', 'aged out'],
  ...['frozen', 'a lost ledger', 'trusted'],
]

test('S01-S07: whatever happens, no image that was in use is missing from a list that says Synced and Trusted', () => {
  const histories = new Map<string, number>()
  let played = 0
  fc.assert(
    fc.property(operations, (history) => {
      const { violations, reached } = play(history)
      played += 1
      for (const name of reached) histories.set(name, (histories.get(name) ?? 0) + 1)
      expect(violations).toEqual([])
    }),
    { numRuns: HISTORIES, seed: SEED, endOnFailure: process.env.TALLYMAN_MUTANT !== undefined },
  )
  const rare = [...FAULTS.map((name) => `fault: ${name}`), ...RULES].filter(
    (name) => (histories.get(name) ?? 0) < played / 100,
  )
  expect(rare).toEqual([])
  if (played >= LEAST) recordCount('inventory.model-cases', played)
}, 600_000)
