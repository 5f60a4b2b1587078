import { describe, expect, onTestFinished, test } from 'vitest'
import { startEvictionSite } from '#test/harness/eviction.ts'
import { NOTHING_WENT, standingIn, writeExecuted } from '#test/harness/executed.ts'
import { executeOn } from '#test/harness/execution.ts'

describe.each([
  ['2.8', { delete: false }],
  ['2.8', { readOnly: true }],
  ['3', { delete: false }],
  ['3', { readOnly: true }],
] as const)('a run on %s that has %o', (version, options) => {
  test('deletes nothing, and says why', async () => {
    const site = await startEvictionSite(version, options)
    onTestFinished(() => site.stop())
    const names = ['off/a', 'off/b']
    const evictions = names.map((name) => writeExecuted(site, name))
    for (const onEvict of ['Trash', 'Delete'] as const) {
      const { end, lines } = await executeOn(site, evictions, { onEvict })
      expect(end.phase).toBe('Partial')
      expect(end.problems.map(({ repository }) => repository)).toEqual(names)
      expect(end.problems.every(({ error }) => error.kind === 'unsupported')).toBe(true)
      // Asked once: the answer holds for the registry.
      expect(lines).toHaveLength(2)
    }
    for (const name of names) expect([name, await standingIn(site, name)]).toEqual([name, NOTHING_WENT])
  })
})
