import { describe, expect, test } from 'vitest'
import type { ImageEvidence, Sight } from '#health/evidence.ts'
import { compileIgnores, isIgnored } from '#health/ignore.ts'
import { judge } from '#health/judge.ts'
import { rollUp, stateOf } from '#health/roll-up.ts'
import { compileSeverityRules } from '#health/severity.ts'
import { verdictOf } from '#health/verdict.ts'
import { findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

const NOW = Date.UTC(2026, 0, 15)
const use = imageUse('registry.example/team/app:v1')
const finding = findingOf('LayerMissing', { use })

function isAccepted(rule: { image: string; code?: 'LayerMissing' | 'TagMissing'; until: string }, now = NOW) {
  return isIgnored(finding, compileIgnores([{ ...rule, reason: 'known' }]), now)
}

function context(ignored: string[] = []) {
  const ignore = ignored.map((image) => ({ image, until: '2026-02-01T00:00:00Z', reason: 'known' }))
  return {
    platforms: [{ os: 'linux', architecture: 'amd64' }],
    severity: compileSeverityRules([{ namespaces: ['apps'], level: 'Critical' }]),
    ignore: compileIgnores(ignore),
    now: NOW,
  }
}

function seen(sight: Sight): ImageEvidence {
  return {
    repository: 'team/app',
    manifest: { reference: 'v1', sight, layers: [], children: [] },
    running: [],
  }
}

const ABSENT: Sight = { state: 'absent', code: 'REGISTRY_ABSENT', message: '404' }
const SILENT: Sight = { state: 'unreachable', code: 'REGISTRY_TIMEOUT', message: 'no answer' }

describe('S24: a rule of spec.ignore', () => {
  const until = '2026-02-01T00:00:00Z'

  test('accepts what image and code fit', () => {
    expect(isAccepted({ image: 'registry.example/**', until })).toBe(true)
    expect(isAccepted({ image: 'registry.example/team/app:v1', code: 'LayerMissing', until })).toBe(true)
  })

  test('accepts nothing else', () => {
    expect(isAccepted({ image: 'registry.example/*', until })).toBe(false)
    expect(isAccepted({ image: '**', code: 'TagMissing', until })).toBe(false)
    expect(isIgnored(finding, compileIgnores(undefined), NOW)).toBe(false)
  })

  test('ends at its time', () => {
    const end = Date.parse(until)
    expect(isAccepted({ image: '**', until }, end - 1)).toBe(true)
    expect(isAccepted({ image: '**', until }, end)).toBe(false)
  })

  test('accepts nothing when its time cannot be read', () => {
    expect(isAccepted({ image: '**', until: '2026-12-31T23:59:60Z' })).toBe(false)
  })
})

describe('judging', () => {
  test('weighs a defect by who uses the image', () => {
    const judged = judge(use, seen(ABSENT), context())
    expect(judged.findings).toMatchObject([{ code: 'TagMissing', severity: 'Critical', use }])
    expect(judged.ignored).toEqual([])
    expect(stateOf(judged)).toBe('unhealthy')
  })

  test('sets aside what is accepted, and the image counts as healthy', () => {
    const judged = judge(use, seen(ABSENT), context(['registry.example/**']))
    expect(judged.findings).toEqual([])
    expect(judged.ignored).toMatchObject([{ code: 'TagMissing' }])
    expect(stateOf(judged)).toBe('healthy')
  })

  test('S22: accepting everything does not make a silent registry healthy', () => {
    const judged = judge(use, seen(SILENT), context(['**']))
    expect(judged.findings).toEqual([])
    expect(stateOf(judged)).toBe('unknown')
    expect(verdictOf(rollUp([judged]))).toMatchObject({ status: 'Unknown', reason: 'RegistryUnreachable' })
  })
})
