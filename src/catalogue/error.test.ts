import { describe, expect, test } from 'vitest'
import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import { ERROR_CODES } from '#catalogue/error-codes.ts'

describe('a TallymanError', () => {
  test('carries its code, its facts and what led to it', () => {
    const cause = new Error('socket hang up')
    const error = new TallymanError('REGISTRY_UNREACHABLE', 'no answer', {
      cause,
      details: { host: 'registry.example' },
      retryAfterMs: 5,
    })
    expect(error).toMatchObject({
      name: 'TallymanError',
      code: 'REGISTRY_UNREACHABLE',
      kind: 'unreachable',
      cause,
      details: { host: 'registry.example' },
      retryAfterMs: 5,
    })
    expect(error.entry).toBe(ERROR_CODES.REGISTRY_UNREACHABLE)
  })

  test('advises in whole sentences, whatever the message ends with', () => {
    for (const message of ['no token', 'no token.', 'no token. ', 'no token...']) {
      expect(new TallymanError('KUBE_UNAUTHORIZED', message).advice).toBe(
        'no token. Renew the credentials in the kubeconfig.',
      )
    }
  })

  test('stays itself, and anything else becomes INTERNAL with the original as cause', () => {
    const error = new TallymanError('CANCELLED', 'stopped')
    expect(asTallymanError(error)).toBe(error)
    const thrown = new TypeError('x is not a function')
    expect(asTallymanError(thrown)).toMatchObject({
      code: 'INTERNAL',
      cause: thrown,
      message: thrown.message,
    })
    expect(asTallymanError('just text')).toMatchObject({ code: 'INTERNAL', message: 'just text' })
  })

  test('is told by code', () => {
    const error = new TallymanError('KUBE_CONFLICT', 'changed')
    expect(hasCode(error, 'KUBE_EXPIRED', 'KUBE_CONFLICT')).toBe(true)
    expect(hasCode(error, 'KUBE_EXPIRED')).toBe(false)
    expect(hasCode(new Error('KUBE_CONFLICT'), 'KUBE_CONFLICT')).toBe(false)
  })
})
