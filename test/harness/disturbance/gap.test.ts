import { expect, test } from 'vitest'
import { type PushMoment, wentInGap } from './gap.ts'

const PUSH: PushMoment = {
  ...{ repository: 'shop/web', tag: 'old', digests: ['sha256:index', 'sha256:platform'] },
  ...{ underWay: new Set<number>(), begunAt: 10, answeredAt: 12 },
}
const request = (n: number, method: string, reference: string) => ({
  ...{ n, method },
  path: reference === '' ? '/v2/shop/web/tags/list' : `/v2/shop/web/manifests/${reference}`,
})
const isGap = (...requests: ReturnType<typeof request>[]) => wentInGap(requests, PUSH)

test('a tag that is taken without another look at it went in the gap', () => {
  expect(isGap(request(9, 'HEAD', 'old'), request(13, 'DELETE', 'old'))).toBe(true)
  expect(isGap(request(13, 'HEAD', 'other'), request(14, 'PUT', 'old'))).toBe(true)
  expect(isGap(request(11, 'HEAD', 'old'), request(13, 'PUT', 'old'))).toBe(true)
})

test('one that was looked at since did not', () => {
  expect(isGap(request(13, 'HEAD', 'old'), request(14, 'DELETE', 'old'))).toBe(false)
  expect(isGap(request(13, 'HEAD', 'old'), request(14, 'GET', 'old'))).toBe(false)
})

test('what it names is looked for in the list of tags', () => {
  expect(isGap(request(13, 'HEAD', 'old'), request(14, 'DELETE', 'sha256:platform'))).toBe(true)
  expect(isGap(request(13, 'GET', ''), request(14, 'DELETE', 'sha256:platform'))).toBe(false)
  expect(isGap(request(13, 'PUT', 'sha256:index'))).toBe(false)
  expect(isGap(request(13, 'DELETE', 'sha256:other'))).toBe(false)
})

test('what was over before it began took nothing of it; what was under way may have', () => {
  const taken = request(10, 'DELETE', 'old')
  expect(wentInGap([taken], PUSH)).toBe(false)
  expect(wentInGap([taken], { ...PUSH, underWay: new Set([10]) })).toBe(true)
})
