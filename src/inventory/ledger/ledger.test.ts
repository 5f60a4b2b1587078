import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ledger, type LedgerEntry, type Sight } from '#inventory/ledger/ledger.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const RETAIN = 31 * DAY
const START = Date.UTC(2026, 0)
const A = 'sha256:a'
const B = 'sha256:b'

/** @param hours of watched time since the beginning */
function at(hours: number) {
  return { wall: START + hours * HOUR, watched: hours * HOUR }
}

function sightOf(image: string, ...digests: string[]): Sight {
  return { image, digests, configs: [], users: ['shop/Deployment/web'] }
}

function digestsOf(ledger: Ledger, image: string): string[] | undefined {
  return ledger.get(image)?.digests.map(({ digest }) => digest)
}

const nothingLives = () => false

describe('a sight', () => {
  it('of an image that was not known comes first', () => {
    const ledger = new Ledger()
    expect(ledger.see(sightOf('nginx', A), at(1.5))).toBe('first')
    expect(ledger.get('nginx')).toEqual({
      image: 'nginx',
      firstSeen: START + HOUR,
      lastSeen: START + HOUR,
      watched: 1.5 * HOUR,
      users: ['shop/Deployment/web'],
      digests: [{ digest: A, isConfig: false, watched: 1.5 * HOUR }],
    } satisfies LedgerEntry)
  })

  it('is not noted again within half an hour, and refreshes the entry after it', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    const { changes } = ledger
    expect(ledger.see(sightOf('nginx', A), at(0.4))).toBeUndefined()
    expect(ledger.see(sightOf('nginx', A), at(0.5))).toBe('later')
    expect(ledger.get('nginx')).toMatchObject({ firstSeen: START, watched: HOUR / 2 })
    expect(ledger.changes).toBe(changes)
  })

  it('S02: of what was out of use for two hours comes first again, so that its being back is written soon', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    expect(ledger.see(sightOf('nginx', A), at(2))).toBe('first')
  })

  it('S06: of another digest of a known image comes first, and both are remembered', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    const { changes } = ledger
    expect(ledger.see(sightOf('nginx', B), at(0.1))).toBe('first')
    expect(digestsOf(ledger, 'nginx')).toEqual([A, B])
    expect(ledger.changes).toBe(changes + 1)
  })

  it('S06: of a digest that was out of use for two hours comes first, while its image was seen all the time', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    ledger.see(sightOf('nginx', B), at(1))
    ledger.see(sightOf('nginx', B), at(2))
    expect(ledger.see(sightOf('nginx', A), at(2.1))).toBe('first')
  })

  it('S06: of a config is remembered as one', () => {
    const ledger = new Ledger()
    ledger.see({ ...sightOf('nginx'), configs: [A] }, at(0))
    expect(ledger.get('nginx')?.digests).toEqual([{ digest: A, isConfig: true, watched: 0 }])
  })

  it('S02: that is older than what is known adds to it and takes nothing back', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(100))
    expect(ledger.see(sightOf('nginx', A, B), at(50))).toBe('first')
    expect(ledger.get('nginx')).toMatchObject({
      firstSeen: START + 50 * HOUR,
      lastSeen: START + 100 * HOUR,
      watched: 100 * HOUR,
      digests: [
        { digest: A, watched: 100 * HOUR },
        { digest: B, watched: 50 * HOUR },
      ],
    })
  })

  it('S02: without digests keeps those that are known', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    ledger.see(sightOf('nginx'), at(1))
    expect(digestsOf(ledger, 'nginx')).toEqual([A])
  })

  it('leaves the last three users', () => {
    const ledger = new Ledger()
    const see = (hours: number, ...users: string[]) =>
      ledger.see({ ...sightOf('nginx'), users: [...users] }, at(hours))
    see(0, 'a', 'b')
    see(1, 'c')
    see(2, 'd', 'b')
    expect(ledger.get('nginx')?.users).toEqual(['d', 'b', 'c'])
  })
})

describe('what was not seen for the retained time', () => {
  it('S02: stays three hours longer, for a sight may be noted and written that late, and then leaves', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    const end = RETAIN + 3 * HOUR
    expect(ledger.expire(end - 1, RETAIN, nothingLives)).toEqual([])
    expect(digestsOf(ledger, 'nginx')).toEqual([A])
    const { changes } = ledger
    expect(ledger.expire(end, RETAIN, nothingLives)).toEqual(['nginx'])
    expect(ledger.size).toBe(0)
    expect(ledger.changes).toBe(changes + 1)
  })

  it('S02: stays as long as something uses it now, but for digests that nothing runs any longer', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    const isNginx = (image: string) => image === 'nginx'
    expect(ledger.expire(2 * RETAIN, RETAIN, isNginx)).toEqual(['nginx'])
    expect(ledger.get('nginx')?.digests).toEqual([])
    const { changes } = ledger
    expect(ledger.expire(2 * RETAIN, RETAIN, isNginx)).toEqual([])
    expect(ledger.changes).toBe(changes)
  })

  it('S06: is a digest alone where its image was seen with another one since', () => {
    const ledger = new Ledger()
    ledger.see(sightOf('nginx', A), at(0))
    ledger.see(sightOf('nginx', B), at(48))
    expect(ledger.expire(RETAIN + 4 * HOUR, RETAIN, nothingLives)).toEqual(['nginx'])
    expect(digestsOf(ledger, 'nginx')).toEqual([B])
  })

  it('S02: is nothing that was seen later, whatever was seen, in any order', () => {
    const sights = fc.array(
      fc.record({
        image: fc.constantFrom('nginx', 'redis'),
        digest: fc.constantFrom(A, B),
        hours: fc.nat({ max: 100 }),
        expires: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(sights, (seen) => {
        const ledger = new Ledger()
        const latest = new Map<string, number>()
        let now = 0
        for (const { image, digest, hours, expires } of seen) {
          now = Math.max(now, hours)
          ledger.see(sightOf(image, digest), at(hours))
          const key = `${image} ${digest}`
          latest.set(key, Math.max(latest.get(key) ?? 0, hours))
          if (expires) ledger.expire(now * HOUR, 20 * HOUR, nothingLives)
          for (const [known, last] of latest) {
            const [name = '', sum = ''] = known.split(' ')
            if (now - last < 20) expect(digestsOf(ledger, name)).toContain(sum)
          }
        }
      }),
    )
  })
})

describe('two ledgers of one cluster', () => {
  it('S02: unite so that of each image and digest the later sight holds, in our watched time', () => {
    const ours = new Ledger()
    ours.see(sightOf('nginx', A), at(50))
    const theirs = new Ledger()
    theirs.see(sightOf('nginx', A, B), at(30))
    theirs.see(sightOf('redis', A), at(40))
    const { changes } = ours
    for (const entry of theirs.entries()) ours.unite(entry, 10 * HOUR)
    expect(ours.get('nginx')).toMatchObject({
      firstSeen: START + 30 * HOUR,
      lastSeen: START + 50 * HOUR,
      watched: 50 * HOUR,
      digests: [
        { digest: A, watched: 50 * HOUR },
        { digest: B, watched: 40 * HOUR },
      ],
    })
    expect(ours.get('redis')).toMatchObject({ watched: 50 * HOUR, users: ['shop/Deployment/web'] })
    expect(ours.changes).toBe(changes + 2)
  })

  it('S02: unite so that a later sight of the other one counts', () => {
    const ours = new Ledger()
    ours.see(sightOf('nginx', A), at(10))
    const theirs = new Ledger()
    theirs.see(sightOf('nginx', A), at(20))
    for (const entry of theirs.entries()) ours.unite(entry, 0)
    expect(ours.get('nginx')).toMatchObject({
      lastSeen: START + 20 * HOUR,
      watched: 20 * HOUR,
      digests: [{ digest: A, watched: 20 * HOUR }],
    })
  })
})
