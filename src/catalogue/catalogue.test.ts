import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '#catalogue/error-codes.ts'
import { DELETING_ERRORS } from '#catalogue/errors/deleting.ts'
import { KUBERNETES_ERRORS } from '#catalogue/errors/kubernetes.ts'
import { OWN_ERRORS } from '#catalogue/errors/own.ts'
import { REGISTRY_ERRORS } from '#catalogue/errors/registry.ts'
import { WORKSPACE_ERRORS } from '#catalogue/errors/workspace.ts'
import { EVENT_REASONS } from '#catalogue/events.ts'
import { FINDING_CODES } from '#catalogue/finding-codes.ts'
import { METRICS } from '#catalogue/metrics.ts'
import { CONDITION_REASONS, CONDITION_TYPES } from '#catalogue/reasons.ts'

const catalogues = {
  'error code': ERROR_CODES,
  event: EVENT_REASONS,
  'finding code': FINDING_CODES,
  metric: METRICS,
  'condition reason': CONDITION_REASONS,
}
const entries = Object.entries(catalogues).flatMap(([what, catalogue]) =>
  Object.entries(catalogue).map(([name, entry]) => ({ what, name, entry })),
)

const source = path.join(import.meta.dirname, '..')
const words = new Set(
  readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ts$/.test(file) && !/\.test\.ts$/.test(file) && !file.startsWith('catalogue'))
    .flatMap((file) => readFileSync(path.join(source, file), 'utf8').match(/\w+/g) ?? []),
)

describe('the catalogues', () => {
  test.each(entries)('$what $name is used, and says in a sentence what it means', ({ name, entry }) => {
    expect(words).toContain(name)
    expect(entry.means).toMatch(/^(?:[A-Z0-9]|spec\.).*\.$/s)
  })

  test('name events, reasons and types as Kubernetes does', () => {
    const names = [EVENT_REASONS, CONDITION_REASONS, CONDITION_TYPES, FINDING_CODES].flatMap(Object.keys)
    for (const name of names) expect(name).toMatch(/^[A-Z][A-Za-z]{1,127}$/)
  })

  /** Who asks for it in a spec gets a series for each finding, so many at most. */
  const ASKED_FOR = ['tallyman_check_image_info']

  test('name metrics and labels as Prometheus does, without a label of unbounded values', () => {
    for (const [name, { type, labels }] of Object.entries(METRICS)) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
      if (name.startsWith('tallyman_')) expect(name.endsWith('_total')).toBe(type === 'counter')
      for (const label of labels) {
        expect(label).toMatch(/^[a-z][a-z0-9_]*$/)
        if (ASKED_FOR.includes(name)) continue
        expect(['image', 'tag', 'digest', 'pod', 'repository', 'path', 'url']).not.toContain(label)
      }
    }
  })

  test('declare every error once', () => {
    const parts = [REGISTRY_ERRORS, DELETING_ERRORS, WORKSPACE_ERRORS, KUBERNETES_ERRORS, OWN_ERRORS]
    expect(parts.flatMap(Object.keys)).toEqual(Object.keys(ERROR_CODES))
  })

  test('give every error a remedy', () => {
    for (const { remedy } of Object.values(ERROR_CODES)) expect(remedy).toMatch(/^[A-Z].*\.$/s)
  })

  test('let verdicts stand on no condition that is about the spec', () => {
    const verdicts = Object.entries(CONDITION_REASONS).filter(([, { on }]) =>
      [...on].some((type) => type === 'Synced' || type === 'Healthy'),
    )
    for (const [, { on }] of verdicts) expect(on).not.toContain('Stalled')
  })
})
