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
  expect(() => mutate('one two', { rule: '', find: 'three', replace: '' })).toThrow('the code has no "three"')
  expect(() => mutate('one one', { rule: '', find: 'one', replace: '' })).toThrow('2 times')
  expect(() => mutate('if (a) b()', { rule: '', find: 'a)', replace: '' })).toThrow()
})
