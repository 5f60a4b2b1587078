import { expect, test } from 'vitest'
import { withLostOutside } from '#controllers/policy-lost-outside.ts'

const READ_AT = Date.parse('2026-11-01T00:00:00Z')
const lost = Array.from({ length: 12 }, (_, n) => ({
  ...{ repository: 'app', tag: `v${n}`, digest: `sha256:${n}` },
}))

test('S14: tags that had to stay and are gone are named until others are', () => {
  const status = withLostOutside({}, { count: 12, first: lost }, 'r.example/team/', READ_AT)
  expect(status.lostOutside).toEqual({
    time: '2026-11-01T00:00:00Z',
    count: 12,
    tags: lost.slice(0, 10).map(({ tag, digest }) => `r.example/team/app:${tag} (${digest})`),
  })
  expect(withLostOutside(status, { count: 0, first: [] }, 'r.example/team/', READ_AT + 1_000)).toBe(status)
  const later = withLostOutside(status, { count: 1, first: lost.slice(3, 4) }, '', READ_AT + 1_000)
  expect(later.lostOutside).toEqual({ time: '2026-11-01T00:00:01Z', count: 1, tags: ['app:v3 (sha256:3)'] })
})
