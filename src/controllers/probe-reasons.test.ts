import { describe, expect, test } from 'vitest'
import { ERROR_CODES, type ErrorCode } from '#catalogue/error-codes.ts'
import { CONDITION_REASONS } from '#catalogue/reasons.ts'
import { KEPT_OUT, keptOutReason, probeReason } from '#controllers/probe-reasons.ts'

const CODES = Object.keys(ERROR_CODES).filter((code): code is ErrorCode => code in ERROR_CODES)

describe('what is wrong with a registry', () => {
  test('S25: has a reason that may stand on Ready and on Reachable', () => {
    for (const code of CODES) {
      const reason = probeReason(code)
      if (reason === undefined) continue
      const on: readonly string[] = CONDITION_REASONS[reason].on
      expect(on).toEqual(expect.arrayContaining(['Ready', 'Reachable']))
    }
  })

  test('is never said of our own cluster, our own defect or the spec', () => {
    const ours = CODES.filter((code) => code.startsWith('KUBE_'))
    for (const code of [...ours, 'SPEC_INVALID', 'INTERNAL', 'CANCELLED', 'LEADERSHIP_LOST'] as const) {
      expect(probeReason(code)).toBeUndefined()
    }
  })

  test('is told apart from what keeps us out of one that may well be up', () => {
    expect(keptOutReason('SECRET_FORBIDDEN')).toBe('SecretForbidden')
    for (const code of CODES) {
      const isDown = ['unreachable', 'throttled'].includes(ERROR_CODES[code].kind)
      const isOurs = code.startsWith('SECRET_') || ERROR_CODES[code].kind === 'denied'
      const reason = keptOutReason(code)
      if (isDown && code !== 'REGISTRY_TLS_UNTRUSTED') expect(reason, code).toBeUndefined()
      else if (isOurs && probeReason(code) !== undefined) expect(reason, code).toBe(probeReason(code))
    }
    const verdicts = ['Healthy', 'PlanReady']
    for (const reason of KEPT_OUT)
      expect(CONDITION_REASONS[reason].on).toEqual(expect.arrayContaining(verdicts))
  })

  test('is said of whatever keeps a probe from an answer', () => {
    const probed = CODES.filter((code) =>
      ['denied', 'unreachable', 'throttled'].includes(ERROR_CODES[code].kind),
    )
    const registry = probed.filter((code) => code.startsWith('REGISTRY_'))
    for (const code of registry) expect(probeReason(code), code).toBeDefined()
  })
})
