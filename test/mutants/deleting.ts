import type { MutantsByFile } from './mutant.ts'

const UNTAG = ['src/evict/untag.test.ts']
const SWEEP = ['src/evict/sweep.test.ts']
const DELETIONS = ['src/registry/deletions.test.ts']

/** What is looked at before something goes, and what is put back (S03, S10, S15-S17). */
export const DELETING_MUTANTS: MutantsByFile = {
  'src/registry/wire.ts': [
    {
      rule: 'S16 what was sent is not aborted',
      find: "hop.limit.kind === 'destructive' ? undefined : hop.signal",
      replace: 'hop.signal',
      tests: DELETIONS,
    },
  ],
  'src/registry/pool.ts': [
    {
      rule: 'S16 a DELETE has no time limit',
      find: 'ms: Number.POSITIVE_INFINITY',
      replace: 'ms: timeouts.answerMs',
      tests: DELETIONS,
    },
  ],
  'src/registry/retry.ts': [
    {
      rule: 'S16 a 503 does not bring a DELETE again',
      find: "return this.#rule === 'once' && status !== 429",
      replace: 'return false',
    },
  ],
  'src/registry/destructive.ts': [
    {
      rule: 'S16 nothing is sent without the consent of the guard',
      find: 'await guard(signal)',
      replace: '',
      tests: DELETIONS,
    },
    {
      rule: 'S03 a consent does not last',
      find: 'if (now - consentedAt > CONSENT_MS) throw overdue',
      replace: '',
      tests: DELETIONS,
    },
  ],
  'src/registry/client.ts': [
    {
      rule: 'S16 one DELETE at a time in a repository',
      find: 'this.#deletions.take(name, () =>',
      replace: 'this.#deletions.take(name + Math.random(), () =>',
      tests: DELETIONS,
    },
    {
      rule: 'S16 whoever closes waits for what was sent',
      find: 'await this.#deletions.rest()',
      replace: '',
      tests: DELETIONS,
    },
  ],
  'src/evict/take-away.ts': [
    {
      rule: 'S03 the guard is asked before each request',
      find: 'await hands.guard(signal)',
      replace: '',
      tests: UNTAG,
    },
    {
      rule: 'S04 what came into use is spared',
      find: 'if (obstacle === undefined && !candidates.every(hands.stillDoomed))',
      replace: 'if (obstacle === undefined && candidates.length < 0)',
      tests: UNTAG,
    },
    {
      rule: 'S10 a tag that was moved is left',
      find: 'obstacle = await stands()',
      replace: 'await stands()',
      tests: UNTAG,
    },
  ],
  'src/evict/untag-batch.ts': [
    {
      rule: 'S15 a tag that goes with another is put back',
      find: 'if (lost.length > 0)',
      replace: 'if (lost.length < 0)',
      tests: UNTAG,
    },
  ],
  'src/evict/overwrite.ts': [
    {
      rule: 'S15 a tag that goes with a placeholder is put back',
      find: 'if (lost.length > 0)',
      replace: 'if (lost.length < 0)',
      tests: UNTAG,
    },
    {
      rule: 'S17 a tag made from a placeholder stops the run',
      find: 'await nobodyFollowed(hands, before, stand)',
      replace: '',
      tests: UNTAG,
    },
    {
      rule: 'S17 what stops the work gives the tags back',
      find: 'await giveBack(unstoppable, bindings, manifests, stand)',
      replace: 'await giveBack(unstoppable, [], manifests, stand)',
      tests: UNTAG,
    },
  ],
  'src/evict/placeholder-removal.ts': [
    {
      rule: 'S17 what came into use gets its manifest back',
      find: 'await giveBack(hands, used, manifests, stand)',
      replace: '',
      tests: UNTAG,
    },
  ],
  'src/evict/scratch.ts': [
    {
      rule: 'S16 a DELETE that is too slow is unsafe',
      find: 'if (outcome.durationMs <= hands.deleteLimitMs) return',
      replace: 'return',
      tests: UNTAG,
    },
    {
      rule: 'S16 the first DELETE harms nothing',
      find: 'const outcome = await hands.delete',
      replace: 'const outcome = true ? ({ kind: "deleted", durationMs: 0 } as const) : await hands.delete',
      tests: UNTAG,
    },
  ],
  'src/evict/standing.ts': [
    {
      rule: 'S15 what a tag names stays',
      find: 'this.#needed.add(digest)',
      replace: '',
      tests: SWEEP,
    },
    {
      rule: 'S15 what a tag contains stays',
      find: 'else this.#needed.add(child)',
      replace: '',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag that disappears blocks',
      find: 'if (missing.length > 0) throw',
      replace: 'if (missing.length < 0) throw',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag that names nothing blocks',
      find: 'if (nameless.length > 0) throw',
      replace: 'if (nameless.length < 0) throw',
      tests: SWEEP,
    },
  ],
  'src/evict/sweep-one.ts': [
    {
      rule: 'S15 what an index contains that stays, stays',
      find: '(await headDigest(hands, guardian)) !== undefined',
      replace: 'guardian === undefined',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag that was moved onto what goes is put back',
      find: 'if (lost.length > 0)',
      replace: 'if (lost.length < 0)',
      tests: SWEEP,
    },
    {
      rule: 'S16 a tag that is left naming nothing is put back',
      find: 'await noTagDangles(hands, left, manifest)',
      replace: '',
      tests: SWEEP,
    },
  ],
  'src/evict/tags.ts': [
    {
      rule: 'S16 a successor waits until nothing disappears',
      find: 'if (missing.length > 0) {',
      replace: 'if (missing.length < 0) {',
      tests: SWEEP,
    },
  ],
  'src/evict/settle.ts': [
    {
      rule: 'S16 a tag that a killed run left naming nothing is put back',
      find: 'if (lost === undefined) return',
      replace: 'if (lost !== undefined || lost === undefined) return',
      tests: SWEEP,
    },
  ],
}
