import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FirstUsers } from '#inventory/first-users.ts'

it('names the first by lowest rank and name, whatever the order they come in', () => {
  const user = fc.record({ name: fc.constantFrom(...'abcdefgh'), rank: fc.nat({ max: 3 }) })
  fc.assert(
    fc.property(fc.array(user, { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), (users, limit) => {
      const first = new FirstUsers(limit)
      const ranks = new Map<string, number>()
      for (const { name, rank } of users) {
        first.add({ cluster: 'here', namespace: 'shop', workload: { kind: 'Deployment', name } }, rank)
        ranks.set(name, Math.min(ranks.get(name) ?? rank, rank))
      }
      const sorted = [...ranks].sort(([a, ranksA], [b, ranksB]) => ranksA - ranksB || (a < b ? -1 : 1))
      const expected = sorted.slice(0, limit).map(([name]) => name)
      expect(first.list.map(({ name }) => name)).toEqual(expected)
    }),
  )
})
