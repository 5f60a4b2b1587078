import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { ALL_MUTANTS } from './all.ts'
import { mutate } from './mutate.ts'

const ROOT = path.join(import.meta.dirname, '../..')

describe('each mutant fits the code as it is', () => {
  test.each(ALL_MUTANTS.map((mutant) => [mutant.rule, mutant] as const))('%s', async (_rule, mutant) => {
    const source = await readFile(path.join(ROOT, mutant.file), 'utf8')
    expect(mutate(source, mutant)).not.toBe(source)
  })
})

test('a mutant that no longer fits is refused, and so is one that does not parse', () => {
  const mutant = { rule: 'S99', replace: '' }
  expect(() => mutate('one two', { ...mutant, find: 'three' })).toThrow('S99: the code has no "three"')
  expect(() => mutate('one one', { ...mutant, find: 'one' })).toThrow('S99: the code has "one" 2 times')
  expect(() => mutate('if (a) b()', { ...mutant, find: 'a)' })).toThrow('S99: what is left does not parse')
})
