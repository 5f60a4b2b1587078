import type { MutantsByFile } from './mutant.ts'

const CLAIM = ['src/evict/claim.test.ts']
const REGISTRY_CLAIMS = ['src/controllers/registry-claims.test.ts']
const CONFLICT = ['src/controllers/policy-conflict.test.ts', 'src/crds/glob-overlap.test.ts']

/** Who else may delete from a registry, or uses it (S01). */
export const CLAIMING_MUTANTS: MutantsByFile = {
  'src/time/moment.ts': [
    {
      rule: 'S01, S03 what is known gets older while a machine is suspended, too',
      find: 'Math.max(clock.now() - since.wall, clock.monotonic() - since.monotonic)',
      replace: 'clock.monotonic() - since.monotonic',
      tests: ['src/time/moment.test.ts', 'src/commands/rm-use.test.ts', ...CLAIM],
    },
  ],
  'src/controllers/policy-blocks.ts': [
    {
      rule: 'S01 a claim of another below a longer path',
      find: 'if (other !== undefined) {',
      replace: 'if (other === null) {',
      tests: ['src/controllers/policy-blocks.test.ts'],
    },
    {
      rule: 'S01 claims below a longer path that cannot be read',
      find: 'if (incomplete === undefined) return []',
      replace: 'if (incomplete !== null) return []',
      tests: ['src/controllers/policy-blocks.test.ts'],
    },
  ],
  'src/evict/claim.ts': [
    {
      rule: 'S01 a claim has to stand before it is held',
      find: 'began.monotonic - this.#standsSince >= this.#times.settleMs',
      replace: 'began.monotonic >= this.#standsSince',
      tests: CLAIM,
    },
    {
      rule: 'S01 a claim that was written over has to stand anew',
      find: 'this.#standsSince = undefined\n',
      replace: '',
      tests: CLAIM,
    },
    {
      rule: 'S01 a claim of another process is not ours',
      find: 'content.heartbeat.holder.process === this.#holder.process',
      replace: 'content.heartbeat.holder.process.length > 0',
      tests: CLAIM,
    },
    {
      rule: 'S01 what was not looked at lately is not held',
      find: 'if (ageMs > this.#times.heldMs)',
      replace: 'if (ageMs < 0)',
      tests: CLAIM,
    },
    {
      rule: 'S01 what forbids it is asked right before each request',
      find: 'if (obstacle !== undefined) throw obstacle',
      replace: '',
      tests: CLAIM,
    },
    {
      rule: 'S01 others are told more often',
      find: '? this.#times.sharedMs : this.#times.aloneMs',
      replace: '? this.#times.aloneMs : this.#times.aloneMs',
      tests: CLAIM,
    },
    {
      rule: 'S16 a claim passes the fence',
      find: '{ ...read, beforeSend: reach.fence }',
      replace: '{ ...read }',
      tests: CLAIM,
    },
  ],
  'src/evict/claim-standing.ts': [
    {
      rule: 'S01 a second operator of the cluster forbids it',
      find: 'if (installation === holder.installation) {',
      replace: 'if (installation === "") {',
      tests: CLAIM,
    },
    {
      rule: 'S01 usage that is old forbids it',
      find: 'now - heartbeat.at > MAX_USAGE_AGE_MS',
      replace: 'now < 0',
      tests: CLAIM,
    },
    {
      rule: 'S02 a clock that is ahead forbids it',
      find: 'heartbeat.at - now > LARGEST_SKEW_MS',
      replace: 'now < 0',
      tests: CLAIM,
    },
    {
      rule: 'S01 usage that is not complete forbids it',
      find: "if ('problem' in usage) return foreign(",
      replace: "if ('problem' in usage && usage.problem === 'Malformed') return foreign(",
      tests: CLAIM,
    },
    {
      rule: 'S01 what cannot be read forbids it',
      find: 'claims\n    .filter(({ tag }) => tag !== claimTag(holder))',
      replace:
        "claims\n    .filter(({ tag, content }) => tag !== claimTag(holder) && !('unreadable' in content))",
      tests: CLAIM,
    },
  ],
  'src/inventory/claim-limits.ts': [
    {
      rule: 'S01 a document that a reader refuses is not written',
      find: "return bytes > MAX_DOCUMENT_BYTES ? 'bytes' : undefined",
      replace: 'return undefined',
      tests: ['src/inventory/claim.test.ts'],
    },
    {
      rule: 'S01 an older reader gets every image by its name',
      find: 'at !== -1 && !isTagged && known.has',
      replace: 'at === -1 || known.has',
      tests: ['src/inventory/claim.test.ts'],
    },
  ],
  'src/evict/claim-usage.ts': [
    {
      rule: 'S02 a ledger that is another one is claimed at once',
      find: 'ledgersText(a) === ledgersText(b) &&',
      replace: '',
      tests: ['src/evict/claim-usage.test.ts'],
    },
    {
      rule: 'S01 what came since is claimed too',
      find: '...whole[list], ...added[list]',
      replace: '...whole[list]',
      tests: ['src/evict/claim-usage.test.ts'],
    },
    {
      rule: 'S01 what is not complete any more is said',
      find: 'a.synced === b.synced &&',
      replace: '',
      tests: ['src/evict/claim-usage.test.ts'],
    },
  ],
  'src/evict/claims.ts': [
    {
      rule: 'S01 a claim that a list leaves out',
      find: 'if (read.digest !== undefined) {',
      replace: 'if (read.digest === null) {',
      tests: CLAIM,
    },
    {
      rule: 'S01 a claim that is gone for a moment',
      find: 'if (now - since < afterMs) return before\n',
      replace: '',
      tests: CLAIM,
    },
  ],
  'src/controllers/registry-claims.ts': [
    {
      rule: 'S01 one that only watches',
      find: 'credentials?.push === undefined ? undefined : registry',
      replace: 'credentials?.delete === undefined ? undefined : registry',
      tests: REGISTRY_CLAIMS,
    },
    {
      rule: 'S01 a registry that is not claimed',
      find: 'if (kept === undefined) throw',
      replace: 'if (kept === undefined) return\n    if (false) throw',
      tests: REGISTRY_CLAIMS,
    },
    {
      rule: 'S01 a claim that is not held',
      find: '    kept.claim.assertHeld()\n',
      replace: '',
      tests: REGISTRY_CLAIMS,
    },
    {
      rule: 'S01 what forbids a claim is said before a run',
      find: 'if (!claim.isSettling || isHopeless) return claim.assertHeld()',
      replace: 'if (!claim.isSettling || isHopeless) return',
      tests: REGISTRY_CLAIMS,
    },
    {
      rule: 'S01 what others claim is in use',
      find: 'return this.#term?.kept.get(urlOf(registry))?.claim.usage ?? []',
      replace: 'return []',
      tests: REGISTRY_CLAIMS,
    },
    {
      rule: 'S16 who does not lead any more claims nothing',
      find: 'this.#term = undefined\n    await',
      replace: 'await',
      tests: REGISTRY_CLAIMS,
    },
    {
      rule: 'S01 a registry is claimed while a policy may delete there',
      find: 'claimed.set(url, registry)',
      replace: 'claimed.delete(url)',
      tests: REGISTRY_CLAIMS,
    },
  ],
  'src/controllers/policy-conflict.ts': [
    {
      rule: 'S01 two policies over the same repositories',
      find: '!globsOverlap(first + a, second + b)',
      replace: 'a !== b',
      tests: CONFLICT,
    },
    {
      rule: 'S01 also through two Registries',
      find: 'if (a.host === b.host) return { first, second }',
      replace: 'if (a === b) return { first, second }',
      tests: CONFLICT,
    },
    {
      rule: 'S01 registries of which it cannot be told whether they are one',
      find: "if (place === 'unknown') return",
      replace: "if (place === 'unknown') return undefined\n  if (false) return",
      tests: CONFLICT,
    },
    {
      rule: 'S01 too many patterns to be told apart',
      find: 'if (a.size * b.size > MOST_WORK) return',
      replace: 'if (a.size * b.size > MOST_WORK) return undefined\n  if (false) return',
      tests: CONFLICT,
    },
    {
      rule: 'S01 what one leaves out is left out as a whole',
      find: 'globCovers(each, first + a) || globCovers(each, second + b)',
      replace: 'globsOverlap(each, first + a) || globsOverlap(each, second + b)',
      tests: CONFLICT,
    },
  ],
}
