import { describe, expect, test } from 'vitest'
import type { UsageClaim } from '#inventory/claim.ts'
import { claimedLedgers, heldAgainstKnown, type KnownLedgers } from '#retention/known-ledgers.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'
import { snapshotOf } from '#test/harness/image-use.ts'

const AT = 1_000
const KNOWN: KnownLedgers = new Map([['ops/all', { id: 'old' }]])
const NOTICED: KnownLedgers = new Map([['ops/all', { id: 'old', other: { id: 'new', noticedAt: AT } }]])

/** @param ledger id of what lies there; undefined: it is not read */
function planned(ledger: string | undefined, isKept = true): PlannedInventory {
  const held = ledger === undefined ? undefined : { id: ledger, since: 5, isKept }
  return { name: 'ops/all', retainMs: 1, snapshot: snapshotOf([], { coveredMs: 1_000_000 }), ledger: held }
}

function held(known: KnownLedgers, one: PlannedInventory, at = AT, acceptedAt?: number) {
  const news = heldAgainstKnown(known, [one], { at, acceptedAt })
  return { replaced: news.replaced.map(({ noticedAt }) => noticedAt), known: news.known }
}

describe('S02: the ledger that plans were made with', () => {
  test('is known from its first writing on, and may be whichever at first', () => {
    expect(held(new Map(), planned('old'))).toEqual({ replaced: [], known: KNOWN })
    expect(held(KNOWN, planned('old'))).toEqual({ replaced: [], known: KNOWN })
    expect(held(new Map(), planned('old', false))).toEqual({ replaced: [], known: new Map() })
  })

  test('is replaced by another one since that was noticed first, written or not, however long that watches', () => {
    for (const isKept of [true, false]) {
      expect(held(KNOWN, planned('new', isKept))).toEqual({ replaced: [AT], known: NOTICED })
      expect(held(NOTICED, planned('new', isKept), 9 * AT)).toEqual({ replaced: [AT], known: NOTICED })
    }
    const third = new Map([['ops/all', { id: 'old', other: { id: 'third', noticedAt: 9 * AT } }]])
    expect(held(NOTICED, planned('third'), 9 * AT)).toEqual({ replaced: [9 * AT], known: third })
  })

  test('is not replaced any more when it is back', () => {
    expect(held(NOTICED, planned('old'), 9 * AT)).toEqual({ replaced: [], known: KNOWN })
  })

  test('is given up for the new one by a run that was approved since', () => {
    expect(held(NOTICED, planned('new'), 9 * AT, AT)).toEqual({ replaced: [AT], known: NOTICED })
    const accepted = { replaced: [], known: new Map([['ops/all', { id: 'new' }]]) }
    expect(held(NOTICED, planned('new'), 9 * AT, AT + 1)).toEqual(accepted)
    expect(held(NOTICED, planned('new', false), 9 * AT, AT + 1).replaced).toEqual([AT])
    // An old approval does not accept the old ledger, either, when that comes back in place of the new one.
    expect(held(accepted.known, planned('old'), 9 * AT, AT + 1).replaced).toEqual([9 * AT])
  })

  test('stays known while it is not read, and when its inventory is gone', () => {
    expect(held(NOTICED, planned(undefined))).toEqual({ replaced: [], known: NOTICED })
    expect(heldAgainstKnown(NOTICED, [], { at: AT, acceptedAt: undefined }).known).toEqual(NOTICED)
  })

  test('of another installation is one of its own, whatever its inventory is called', () => {
    const claim = {
      writtenAt: 0,
      synced: true,
      trusted: true,
      images: [],
      digests: [],
      configs: [],
      pins: [],
    }
    const by = (installation: string, id: string) => ({
      ...{ ...claim, installation, ledgers: [{ inventory: 'ops/all', id, since: 5, isKept: true }] },
    })
    const older = { ...claim, installation: 'older' }
    const at = { at: AT, acceptedAt: undefined }
    const all = (...claims: UsageClaim[]) => [planned('old'), ...claimedLedgers(claims)]
    const { known, replaced } = heldAgainstKnown(new Map(), all(by('a', 'x'), by('b', 'y'), older), at)
    expect([known.size, replaced]).toEqual([3, []])
    expect(heldAgainstKnown(known, all(by('a', 'x'), by('b', 'z')), at).replaced).toEqual([
      { name: 'ops/all of installation b', since: 5, noticedAt: AT },
    ])
    // A claim that is gone, or of an older version, forgets nothing.
    expect(heldAgainstKnown(known, all(older), at)).toEqual({ known, replaced: [] })
  })
})
