import { glob, readFile } from 'node:fs/promises'
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

describe('each hazard of docs/safety.md', async () => {
  const rows = (await readFile(path.join(ROOT, 'docs/safety.md'), 'utf8')).matchAll(/^\| (S\d\d)\b/gm)
  const hazards = [...new Set([...rows].map(([, hazard]) => hazard ?? ''))]
  const titles = await testTitles()

  test('is told', () => expect(hazards.length).toBeGreaterThan(40))

  test.each(hazards)('%s has a test with its number', (hazard) => {
    expect(titles.filter((title) => new RegExp(`\\b${hazard}\\b`).test(title))).not.toEqual([])
  })

  test.each(hazards.filter((hazard) => hazard <= 'S21' || hazard >= 'S30'))('%s has a mutant', (hazard) => {
    expect(ALL_MUTANTS.some(({ rule }) => rule.startsWith(hazard))).toBe(true)
  })
})

/** Of all tests, as they stand in the source. */
async function testTitles(): Promise<string[]> {
  const titles: string[] = []
  for (const folder of ['src', 'test'])
    for await (const file of glob(`${folder}/**/*.test.ts`, { cwd: ROOT })) {
      const source = await readFile(path.join(ROOT, file), 'utf8')
      for (const [, , title] of source.matchAll(
        /\b(?:it|test|describe)(?:\.each\(.*?\))?\(\s*(['"`])(.*?)\1/gs,
      ))
        titles.push(title ?? '')
    }
  return titles
}
