import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { toleratedProblem } from './tolerated-problem.ts'

const { signal } = new AbortController()

test('what a registry or the API server answers is tolerated', () => {
  const thrown = new TallymanError('REGISTRY_UNREACHABLE', 'no route')
  expect(toleratedProblem(thrown, signal)).toBe(thrown)
})

test.each([
  ['that another process leads', new TallymanError('LEADERSHIP_LOST', 'the lease is not renewed')],
  ['a defect of ours', new TypeError('of undefined')],
])('%s ends the rest too', (_what, thrown) => {
  expect(() => toleratedProblem(thrown, signal)).toThrow(thrown)
})

test('once the work is cancelled nothing is tolerated, whatever was thrown', () => {
  const cancelled = new TallymanError('CANCELLED', 'the process ends')
  const thrown = new TallymanError('REGISTRY_UNREACHABLE', 'closed')
  expect(() => toleratedProblem(thrown, AbortSignal.abort(cancelled))).toThrow(cancelled)
})
