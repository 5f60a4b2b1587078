import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Agreement,
  type Depth,
  describeOutcome,
  disagreements,
  type Outcome,
  SETTINGS,
  startAgreement,
} from './support/agreement.ts'
import { CASES, isPullable, isPullableOnceRepaired } from './support/cases.ts'

// Findings against real pulls, one to one: what a check says of an image is what happens to it on a node that does not have it.

let agreement: Agreement

beforeAll(async () => {
  agreement = await startAgreement()
}, 300_000)
afterAll(() => agreement?.stop())

/** A descriptor cache still knows the link. */
const SERVED_FROM_CACHE = ['layer-link-missing']
/** That of distribution 3 also that of a manifest. */
const SERVED_FROM_CACHE_OF_3 = ['revision-link-missing', 'revision-link-empty', 'digest-revision-missing']
/** docker-registry 2.8 answers 500 to a link that holds no digest, as it does when its storage fails. */
const NOT_EXAMINED_ON_2 = ['tag-link-empty', 'tag-link-garbage', 'revision-link-empty']
/** At the right length: only who reads all bytes finds it. */
const WRONG_BYTES = ['config-wrong-bytes', 'layer-wrong-bytes', 'docker-layer-wrong']

const namesOf = (outcomes: readonly Outcome[]) => outcomes.map(({ each }) => each.name)
const described = (outcomes: readonly Outcome[], depth: Depth) =>
  disagreements(outcomes, depth).map((outcome) => describeOutcome(outcome, depth))

describe.each(SETTINGS)('a check of registry $version, cache $cache, and a real node', (setting) => {
  const outcomes = () => agreement.damaged[SETTINGS.indexOf(setting)] ?? []

  test('meet good and bad images, and the node cannot pull what is damaged where it looks', () => {
    const served = [
      ...(setting.cache ? SERVED_FROM_CACHE : []),
      ...(setting.cache && setting.version === '3' ? SERVED_FROM_CACHE_OF_3 : []),
    ]
    const failed = outcomes().filter(({ pull }) => !pull.pulled)
    expect(CASES.length).toBeGreaterThan(40)
    expect(namesOf(failed)).toEqual(
      CASES.filter((each) => !isPullable(each) && !served.includes(each.name)).map(({ name }) => name),
    )
  })

  test('S22, S24: agree on every image at depth Content, in both directions', () => {
    expect(described(outcomes(), 'Content')).toEqual([])
  })

  test('agree at depth Blobs on all but wrong bytes of the right length', () => {
    expect(namesOf(disagreements(outcomes(), 'Blobs'))).toEqual(WRONG_BYTES)
  })

  test('S22: the check has no verdict only where the registry answers 500 to damage', () => {
    const unknown = outcomes().filter(({ verdicts }) => verdicts.Content.state === 'unknown')
    expect(namesOf(unknown)).toEqual(setting.version === '2.8' ? NOT_EXAMINED_ON_2 : [])
  })
})

test('once all damage is undone, every image is healthy and runs', { timeout: 300_000 }, async () => {
  const repaired = await agreement.repair()
  expect(repaired.map((outcomes) => described(outcomes, 'Content'))).toEqual(SETTINGS.map(() => []))
  for (const outcomes of repaired) {
    const failed = outcomes.filter(({ pull }) => !pull.pulled)
    expect(namesOf(failed)).toEqual(
      CASES.filter((each) => !isPullableOnceRepaired(each)).map(({ name }) => name),
    )
    const idle = outcomes.filter(({ each, pull }) => pull.pulled && each.runs !== false && !pull.runs)
    expect(namesOf(idle)).toEqual([])
  }
})
