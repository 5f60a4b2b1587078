import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import type { InUseIndex } from '#inventory/in-use-index.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import { evictionsInSteps } from '#retention/eviction-of.ts'
import type { ManifestFacts, RepositoryFacts } from '#retention/facts.ts'
import { type Judgement, judge, judgeInSteps } from '#retention/judge.ts'
import { lateUseInSteps } from '#retention/late-use.ts'
import { planInSteps } from '#retention/plan.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { HOST, NEWEST } from '#test/harness/judging.ts'
import {
  artifactFacts,
  DAY_MS,
  imageFacts,
  indexFacts,
  READ_AT,
  registryFacts,
  repositoryFacts,
} from '#test/harness/registry-facts.ts'
import { planOf } from '#test/harness/retention-at-once.ts'
import { randomWorld } from '#test/model/retention/world.ts'
import { Dice } from '#test/soak/dice.ts'
import { Pace } from '#time/pace.ts'

const WHOSE = { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'sha256:1' }
const TURN = 64
/** Fields of tags and manifests that one walk reads for a tag, with what hangs on it: no more than so many. */
const FIELDS = 20

describe('a plan that is made in steps, with what a run of it needs', () => {
  test('is the one that is made at once, however long the steps are', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), (seed, turn) => {
        const input = randomWorld(new Dice(seededRandom(seed)))
        const stepped = atOnce(judgeInSteps(input, new Pace(turn)))
        expect(atOnce(planInSteps(stepped, WHOSE, new Pace(turn)))).toEqual(planOf(judge(input), WHOSE))
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    ['one repository with many tags', 1, 1_200],
    ['many repositories with few tags', 300, 4],
  ])('takes no step longer than another: %s', (_, repositories, images) => {
    const reads = new Reads()
    const input = registry(repositories, images, reads)
    let judgement: Judgement | undefined
    const longest = reads.longestStep(function* () {
      judgement = yield* judgeInSteps(input, new Pace(TURN))
      yield* planInSteps(judgement, WHOSE, new Pace(TURN))
      yield* evictionsInSteps(judgement, new Pace(TURN))
      yield* lateUseInSteps(judgement, [], new Pace(TURN))
    })
    expect(judgement?.repositories).toEqual(judge(input).repositories)
    expect(longest).toBeLessThan(TURN * FIELDS)
    expect(reads.total).toBeGreaterThan(TURN * FIELDS * 20)
  })
})

/** Counts how often a field of some objects is read. */
class Reads {
  total = 0

  of<T extends object>(counted: T): T {
    return new Proxy(counted, {
      get: (target, field) => {
        this.total += 1
        return Reflect.get(target, field)
      },
    })
  }

  /** @returns reads between two yields, at most */
  longestStep(work: () => Generator<undefined, void>): number {
    const steps = work()
    let longest = 0
    for (let before = this.total; steps.next().done !== true; before = this.total)
      longest = Math.max(longest, this.total - before)
    return longest
  }
}

/** Images for two platforms, each with a signature that is a tag of its own and an SBOM without one. Every second one goes. */
function registry(repositories: number, images: number, reads: Reads): RetentionInput {
  const manifests: ManifestFacts[] = []
  const all: RepositoryFacts[] = []
  for (let r = 0; r < repositories; r += 1) {
    const name = `app-${r}`
    const tags: Record<string, ManifestFacts> = {}
    const untagged: string[] = []
    for (let i = 0; i < images; i += 1) {
      const own = `${r}.${i}`
      const platforms = [imageFacts(`${own} a`, i), imageFacts(`${own} b`, i)]
      const index = indexFacts(own, platforms)
      const signature = artifactFacts(`${own} s`, 'application/vnd.example.signature')
      const sbom = artifactFacts(`${own} c`, 'application/spdx+json', { subject: index.digest })
      tags[`v${i}`] = index
      tags[`${index.digest.replace(':', '-')}.sig`] = signature
      untagged.push(sbom.digest, ...platforms.map(({ digest }) => digest))
      manifests.push(index, signature, sbom, ...platforms)
    }
    const repository = repositoryFacts(name, tags, { untagged })
    all.push({ ...repository, tags: repository.tags.map((tag) => reads.of(tag)) })
  }
  return {
    facts: registryFacts(
      all,
      manifests.map((manifest) => reads.of(manifest)),
    ),
    usage: NO_USE,
    names: { host: HOST, aliases: [] },
    rules: compileRules([{ ...NEWEST, keep: { newest: Math.ceil(images / 2) } }]),
    now: READ_AT,
    workspaces: [],
    restored: [],
    unusedSince: { at: READ_AT - 31 * DAY_MS, isWatchStart: false },
  }
}

const NO_USE: InUseIndex = { usesOf: () => [], usesOfConfig: () => [] }
