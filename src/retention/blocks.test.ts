import { describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { type Block, type BlockInput, blocks, unaccepted } from '#retention/blocks.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { HOST, judged, NEWEST } from '#test/harness/judging.ts'
import { DAY_MS, imageFacts, READ_AT, repositoryFacts, tagFacts } from '#test/harness/registry-facts.ts'
import { planOf } from '#test/harness/retention-at-once.ts'

const [a, b] = [imageFacts('a', 10), imageFacts('b', 20)]
const app = repositoryFacts('app', { v2: a, v1: b })
const used = [imageUse(`${HOST}/app:v2`)]
const good: Partial<InventorySnapshot> = { barrier: { wall: READ_AT, monotonic: 0 }, coveredMs: 40 * DAY_MS }

function blockedBy(...input: Parameters<typeof against>): string[] {
  return against(...input).map(({ code, isAcceptable }) => `${code}${isAcceptable ? ', acceptable' : ''}`)
}

function against(
  snapshot: Partial<InventorySnapshot> = {},
  changes: Partial<BlockInput> = {},
  repositories = [app],
): Block[] {
  const judgement = judged({ repositories, manifests: [a, b], used })
  const inventory = {
    name: 'everything',
    retainMs: 31 * DAY_MS,
    snapshot: snapshotOf(used, { ...good, ...snapshot }),
  }
  const steps = blocks({
    inventories: [inventory],
    rules: compileRules([{ ...NEWEST, keep: { newest: 1, inUseWithin: '31d' } }]),
    names: { host: HOST, aliases: [] },
    facts: judgement.parts.facts,
    plan: planOf(judgement, { url: 'https://r.example', registry: '', policy: '', rules: '' }),
    limits: { maxEvictions: undefined, maxEvictionPercent: 50 },
    firstScanAt: undefined,
    replaced: [],
    leastInUse: 1,
    claims: [],
    registrySkewMs: 0,
    now: READ_AT,
    maxInventoryAgeMs: 60_000,
    ...changes,
  })
  return atOnce(steps)
}

describe('what stands against a plan', () => {
  test('nothing where everything is known', () => {
    expect(blockedBy()).toEqual([])
  })

  test('S01: no inventory, and any that is not good', () => {
    expect(blockedBy({}, { inventories: [] })).toEqual(['NoInventory'])
    const bad = { name: 'other', retainMs: 31 * DAY_MS, snapshot: snapshotOf([], { ...good, synced: false }) }
    const fine = { ...bad, snapshot: snapshotOf(used, good) }
    expect(blockedBy({}, { inventories: [fine, bad] })).toEqual(['NotSynced'])
  })

  test('S03, S05: an inventory that is not synced, not trusted, or not of now', () => {
    expect(blockedBy({ synced: false, trusted: false })).toEqual(['NotSynced'])
    expect(blockedBy({ trusted: false })).toEqual(['NotTrusted'])
    expect(blockedBy({ barrier: undefined })).toEqual(['InventoryOutdated'])
    expect(blockedBy({ barrier: { wall: READ_AT - 60_001, monotonic: 0 } })).toEqual(['InventoryOutdated'])
  })

  test('S02: a rule that asks for a longer memory than there is, or than was watched', () => {
    expect(blockedBy({ coveredMs: 30 * DAY_MS })).toEqual(['CoverageTooShort, acceptable'])
    expect(blockedBy({ coveredMs: undefined })).toEqual(['CoverageTooShort, acceptable'])
    const rules = compileRules([{ ...NEWEST, keep: { inUseWithin: '32d' } }])
    expect(blockedBy({}, { rules })).toEqual(['RetainsTooLittle'])
  })

  test('S02: a ledger in the place of another one', () => {
    const replaced = [{ name: 'ops/all', since: READ_AT - DAY_MS, noticedAt: READ_AT }]
    expect(blockedBy({}, { replaced })).toEqual(['LedgerLost, acceptable'])
    const [lost] = against({}, { replaced })
    if (lost === undefined) throw new Error('nothing stands against it')
    expect(unaccepted([lost], READ_AT)).toEqual([])
    expect(unaccepted([lost], READ_AT - 1)).toEqual([lost])
  })

  test.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [30 * DAY_MS, '720 h'],
  ])('says how long: %i ms', (coveredMs, text) => {
    const [block] = against({ coveredMs })
    expect(block?.message).toContain(`has watched for ${text} without`)
  })

  test('S02: the clock of the registry is more than two minutes off', () => {
    for (const registrySkewMs of [120_001, -120_001])
      expect(blockedBy({}, { registrySkewMs })).toEqual(['ClockSkew'])
    for (const registrySkewMs of [120_000, -120_000, undefined])
      expect(blockedBy({}, { registrySkewMs })).toEqual([])
  })

  test('S01, S02: another installation that has not watched for as long as a rule asks for', () => {
    const claim = (coveredSince: number | undefined): UsageClaim => ({
      ...{ installation: 'other', writtenAt: READ_AT, synced: true, trusted: true, coveredSince },
      ...{ images: [], digests: [], configs: [], pins: [] },
    })
    const blockedWith = (coveredSince: number | undefined) => blockedBy({}, { claims: [claim(coveredSince)] })
    expect(blockedWith(READ_AT - 31 * DAY_MS)).toEqual([])
    expect(blockedWith(READ_AT - 31 * DAY_MS + 1)).toEqual(['CoverageTooShort, acceptable'])
    expect(blockedWith(undefined)).toEqual(['CoverageTooShort, acceptable'])
  })

  test('S06: images in use that the registry does not have, and fewer than there have to be', () => {
    const gone = [...used, imageUse(`${HOST}/app:gone`)]
    expect(blockedBy({ images: gone })).toEqual(['ReferencesUnresolved'])
    expect(blockedBy({ images: [...used, imageUse(`${HOST}/app@${b.digest}`)] })).toEqual([])
    expect(blockedBy({ images: [] })).toEqual(['TooFewInUse'])
    expect(blockedBy({}, { leastInUse: 2 })).toEqual(['TooFewInUse'])
  })

  test('S10: what goes and was never seen before', () => {
    const unseen = {
      ...app,
      tags: [tagFacts('v1', b.digest, { boundSince: undefined }), tagFacts('v2', a.digest)],
    }
    expect(blockedBy({}, {}, [unseen])).toEqual(['BindingsUnknown, acceptable'])
    const firstScan = (ago: number) => blockedBy({}, { firstScanAt: READ_AT - ago }, [unseen])
    expect(firstScan(DAY_MS - 1)).toEqual(['BindingsUnknown, acceptable'])
    expect(firstScan(DAY_MS)).toEqual([])
    const stays = {
      ...app,
      tags: [tagFacts('v1', b.digest), tagFacts('v2', a.digest, { boundSince: undefined })],
    }
    expect(blockedBy({}, {}, [stays])).toEqual([])
  })

  test('S11: more than may go at once waits for a human', () => {
    expect(blockedBy({}, { limits: { maxEvictions: 1, maxEvictionPercent: 49 } })).toEqual([
      'TooManyEvictions, acceptable',
    ])
  })
})
