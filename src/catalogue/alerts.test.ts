import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { METRICS, type MetricEntry } from '#catalogue/metrics.ts'
import { PROCESS_METRICS } from '#catalogue/process-metrics.ts'

const file = path.join(import.meta.dirname, '../../config/monitoring/prometheusrule.yaml')
const Rules = z.object({
  spec: z.object({
    groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
  }),
})
const rules = Rules.parse(parse(readFileSync(file, 'utf8'))).spec.groups.flatMap((group) => group.rules)
const known: Readonly<Record<string, MetricEntry>> = { ...METRICS, ...PROCESS_METRICS }

test.each(rules)('$alert asks for metrics and labels that the catalogue declares', ({ expr }) => {
  const used = [...expr.matchAll(/\b((?:tallyman|nodejs|process|leader)_\w+)(?:\{([^}]*)\})?/g)]
  expect(used.length).toBeGreaterThan(0)
  for (const [, name = '', matchers = ''] of used) {
    expect(Object.keys(known)).toContain(name)
    for (const [, label] of matchers.matchAll(/(\w+)=/g)) expect(known[name]?.labels).toContain(label)
  }
})

test('S22: a report is outdated by the interval of its own check', () => {
  const outdated = rules.find(({ alert }) => alert === 'TallymanCheckOutdated')
  expect(outdated?.expr).toContain('> 2 * tallyman_check_interval_seconds')
})
