import { expect, it } from 'vitest'
import { GROUPS, PURPOSES } from '#test/harness/binaries/programs.ts'

it('prepares what each purpose starts, and wrk only for the benchmarks', () => {
  for (const [purpose, groups] of Object.entries(PURPOSES)) {
    expect(GROUPS, purpose).toEqual(expect.arrayContaining([...groups]))
    expect(groups.includes('wrk'), purpose).toBe(purpose === 'bench')
  }
})
