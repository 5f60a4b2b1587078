import { describe, expect, it } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { httpError, isVersionTooLarge, statusError, transportError } from '#kube/errors.ts'

const REQUEST = { method: 'GET', path: '/api/v1/pods' }

const status = (fields: object) =>
  Buffer.from(JSON.stringify({ kind: 'Status', apiVersion: 'v1', ...fields }))

describe('the error for an answer of the API server', () => {
  it.each([
    [400, 'KUBE_INVALID'],
    [401, 'KUBE_UNAUTHORIZED'],
    [403, 'KUBE_FORBIDDEN'],
    [404, 'KUBE_NOT_FOUND'],
    [406, 'KUBE_INVALID'],
    [408, 'KUBE_TIMEOUT'],
    [409, 'KUBE_CONFLICT'],
    [410, 'KUBE_EXPIRED'],
    [422, 'KUBE_INVALID'],
    [429, 'KUBE_THROTTLED'],
    [500, 'KUBE_SERVER_ERROR'],
    [503, 'KUBE_SERVER_ERROR'],
    [504, 'KUBE_SERVER_ERROR'],
    [302, 'KUBE_SERVER_ERROR'],
  ])('has for %i the code %s', (code, expected) => {
    expect(httpError(REQUEST, code, Buffer.from('<html>'))).toMatchObject({
      code: expected,
      details: { status: code },
      message: `GET /api/v1/pods: ${code}`,
    })
  })

  it('says what the Status says, with its reason apart', () => {
    const body = status({ code: 409, reason: 'AlreadyExists', message: 'pods "a" already exists' })
    expect(httpError(REQUEST, 409, body)).toMatchObject({
      code: 'KUBE_CONFLICT',
      message: 'GET /api/v1/pods: 409 AlreadyExists pods "a" already exists',
      details: { status: 409, reason: 'AlreadyExists' },
    })
  })

  it('waits as long as the header or the Status asks', () => {
    expect(httpError(REQUEST, 429, Buffer.from(''), '7').retryAfterMs).toBe(7_000)
    expect(httpError(REQUEST, 429, status({ details: { retryAfterSeconds: 3 } }), '7').retryAfterMs).toBe(
      3_000,
    )
    expect(
      httpError(REQUEST, 429, Buffer.from(''), 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterMs,
    ).toBeUndefined()
  })

  it('knows an expired version by code or by reason', () => {
    const plain = { message: '', causes: [] }
    expect(statusError(REQUEST, { ...plain, code: 410, reason: '' }).code).toBe('KUBE_EXPIRED')
    expect(statusError(REQUEST, { ...plain, code: 0, reason: 'Expired' }).code).toBe('KUBE_EXPIRED')
    const tooLarge = status({ code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } })
    expect(isVersionTooLarge(httpError(REQUEST, 504, tooLarge))).toBe(true)
    expect(isVersionTooLarge(httpError(REQUEST, 504, status({ code: 504 })))).toBe(false)
  })

  it('survives a body that is cut off, is no Status, or only looks like protobuf', () => {
    for (const body of ['{"kind":"Sta', '{"kind":"Pod"}', 'null', 'k8s\0', 'k8s\0\x12\xff']) {
      expect(httpError(REQUEST, 500, Buffer.from(body, 'latin1')).code).toBe('KUBE_SERVER_ERROR')
    }
  })
})

describe('the error for a broken connection', () => {
  it('tells slow from gone', () => {
    const failure = (code: string) => Object.assign(new Error('x'), { code })
    expect(transportError(REQUEST, failure('UND_ERR_BODY_TIMEOUT')).code).toBe('KUBE_TIMEOUT')
    expect(transportError(REQUEST, failure('ECONNREFUSED')).code).toBe('KUBE_UNREACHABLE')
    expect(transportError(REQUEST, 'odd').code).toBe('KUBE_UNREACHABLE')
  })

  it('is CANCELLED after an abort, unless the abort itself says why', () => {
    expect(transportError(REQUEST, new Error('aborted'), AbortSignal.abort()).code).toBe('CANCELLED')
    const timeout = new TallymanError('KUBE_TIMEOUT', 'too slow')
    expect(transportError(REQUEST, new Error('aborted'), AbortSignal.abort(timeout))).toBe(timeout)
  })
})
