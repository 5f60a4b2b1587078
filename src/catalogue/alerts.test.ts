import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { METRICS } from '#catalogue/metrics.ts'

const FILE = path.join(import.meta.dirname, '../../config/monitoring/prometheusrule.yaml')
const RULES = z.object({
  spec: z.object({
    groups: z.array(
      z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string(), for: z.string() })) }),
    ),
  }),
})
/** Not ours: the client library exports it. */
const FOREIGN = ['nodejs_heap_size_used_bytes']

test('each alert waits, and asks only for metrics that there are', async () => {
  const { groups } = RULES.parse(parse(await readFile(FILE, 'utf8'))).spec
  for (const { alert, expr } of groups.flatMap(({ rules }) => rules)) {
    const names = expr.match(/\b[a-z]+(_[a-z]+){2,}\b/g)?.filter((name) => !name.endsWith('_over_time')) ?? []
    expect(names, alert).not.toEqual([])
    for (const name of names) expect([...Object.keys(METRICS), ...FOREIGN], alert).toContain(name)
  }
})

test.each([
  ['what was evicted, is in use and is not back', 'TallymanEvictedInUse', 'tallyman_policy_evicted_in_use'],
  ['a policy that waits for a human to look', 'TallymanPolicyHeld', 'tallyman_policy_held'],
])('S04: there is an alert for %s', async (_, alert, metric) => {
  const { groups } = RULES.parse(parse(await readFile(FILE, 'utf8'))).spec
  const alerts = groups.flatMap(({ rules }) => rules)
  expect(alerts).toContainEqual({ alert, expr: `${metric} > 0`, for: '1m' })
})
