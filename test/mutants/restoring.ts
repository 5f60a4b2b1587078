import type { MutantsByFile } from './mutant.ts'

const USE = ['src/controllers/evicted-use.test.ts']
const NEWS = ['src/controllers/evicted-news.test.ts']
const RETURNS = ['src/controllers/evicted-returns.test.ts']
const STILL = ['src/controllers/still-in-use.test.ts']
const WATCH = ['src/controllers/evicted-watch.test.ts']
const ROOM = ['src/controllers/evicted-room.test.ts']
const THINGS = ['src/evict/evicted-things.test.ts']
const HOLD = ['src/controllers/evicted-hold.test.ts']
const ASKED = ['src/controllers/policy-restore.test.ts']
const HISTORY = ['src/evict/evicted.test.ts']
const BACK = ['src/evict/bring-back.test.ts']

/** What brings back something that is needed after it was evicted, and keeps what is back (S04, S12). */
export const RESTORING_MUTANTS: MutantsByFile = {
  'src/controllers/evicted-use.ts': [
    {
      rule: 'S04 a config that runs is a use',
      find: 'return index.usesOfConfig(config)[0]',
      replace: 'return undefined',
      tests: USE,
    },
    {
      rule: 'S04 another digest under the same name is new',
      find: "anyNew('digest', runningDigests)",
      replace: 'false',
      tests: USE,
    },
    {
      rule: 'S04 what came back into use is new',
      find: 'this.#seen = now',
      replace: 'this.#seen = new Set([...before, ...now])',
      tests: USE,
    },
    {
      rule: 'S04 a new pin is a use',
      find: "anyNew('pin', pins.texts) ? pins : NO_PINS",
      replace: 'NO_PINS',
      tests: USE,
    },
  ],
  'src/controllers/followed-evictions.ts': [
    {
      rule: 'S04 a signature that is used in its own right is wanted for that',
      find: ' || this.#returns.isCompanion(thing)',
      replace: '',
      tests: WATCH,
    },
    {
      rule: 'S04 a signature that was given up comes back when it is needed after all',
      find: 'disowned: (thing) => this.#wanted.delete(evictedKey(thing))',
      replace: 'disowned: () => undefined',
      tests: WATCH,
    },
    {
      rule: 'S04 what comes back does so with its signatures',
      find: 'const companions = await companionsOf(owners, this.#everything())',
      replace: 'const companions = await companionsOf([], this.#everything())',
      tests: WATCH,
    },
    {
      rule: 'S04 what is back already needs its signatures',
      find: '[...past, ...since],',
      replace: '[],',
      tests: WATCH,
    },
    {
      rule: 'S04 a signature that goes when what it belongs to is back already comes back as well',
      find: 'const changed = isWhole ? usage : news',
      replace: 'const changed = news',
      tests: WATCH,
    },
    {
      rule: 'S04 what was there when it was looked at, and went later',
      find: 'this.#added.push(thing, ...this.#named(thing))',
      replace: 'this.#added.push(thing)',
      tests: WATCH,
    },
    {
      rule: 'S04 what is newly gone is held against all that is in use',
      find: 'if (added.length > 0)',
      replace: 'if (added.length > 100_000)',
      tests: WATCH,
    },
    {
      rule: 'S01 what others claim is in use',
      find: 'const usage = { snapshots, claims }',
      replace: 'const usage = { snapshots }',
      tests: WATCH,
    },
    {
      rule: 'S04 what went first is watched, however much went since',
      find: 'const past = await evictedInUse(this.#past.went, index)',
      replace: 'const past = this.since.size > 100_000 ? [] : await evictedInUse(this.#past.went, index)',
      tests: WATCH,
    },
  ],
  'src/controllers/evicted-room.ts': [
    {
      rule: 'S04 what is watched already takes room',
      find: 'if (known + goes <= most) return []',
      replace: 'if (goes <= most) return []',
      tests: ROOM,
    },
    {
      rule: 'S04 an approval accepts no eviction that is not watched',
      find: "return [{ code: 'TooManyToWatch', message, isAcceptable: false }]",
      replace: "return [{ code: 'TooManyToWatch', message, isAcceptable: true }]",
      tests: ROOM,
    },
    {
      rule: 'S04 an approved plan goes whatever its size is',
      find: "if (mode !== 'Enforce' || isApproved) return planning.judgement",
      replace: '',
      tests: ROOM,
    },
  ],
  'src/evict/evicted-things.ts': [
    {
      rule: 'S04 what waits to be packed is watched too',
      find: 'yield* loose',
      replace: '',
      tests: THINGS,
    },
  ],
  'src/controllers/evicted-companions.ts': [
    {
      rule: 'S04 signatures of signatures come back too',
      find: 'level = [...next.values()]',
      replace: 'level = []',
      tests: ['src/controllers/evicted-companions.test.ts'],
    },
    {
      rule: 'S04 a signature in a repository of its own comes back, too',
      find: '!isHome || each',
      replace: 'each',
      tests: ['src/controllers/evicted-companions.test.ts'],
    },
  ],
  'src/controllers/still-in-use.ts': [
    {
      rule: 'S04 what is needed is not taken for unused where an index in use is damaged',
      find: 'isWhole: held.damaged === undefined',
      replace: 'isWhole: true',
      tests: STILL,
    },
    {
      rule: 'S35 a part of an index in use is needed',
      find: 'await evictedInUse(things, withHeld(index, held.holders))',
      replace: 'await evictedInUse(things, index)',
      tests: STILL,
    },
    {
      rule: 'S04 what belongs to something in use is needed',
      find: '[thing, ...belongsTo].some((each)',
      replace: '[thing].some((each)',
      tests: STILL,
    },
  ],
  'src/controllers/evicted-returns.ts': [
    {
      rule: 'S04 a tag that names something else needs nothing of what belonged to what it named',
      find: 'if (owners.length > 0 || wanted.isOwn)',
      replace: 'if (owners.length >= 0)',
      tests: RETURNS,
    },
    {
      rule: 'S04 what nobody uses in its own right any more is needed for what it belongs to',
      find: 'if (belongsTo.length === 0) return known',
      replace: 'return known',
      tests: RETURNS,
    },
    {
      rule: 'S04 what somebody uses in its own right waits for nothing',
      find: 'isOwn: use.belongsTo === undefined || ',
      replace: 'isOwn: known === undefined && use.belongsTo === undefined || ',
      tests: RETURNS,
    },
    {
      rule: 'S04 also where it belongs to something besides',
      find: ' || known?.isOwn === true',
      replace: '',
      tests: RETURNS,
    },
    {
      rule: 'S04 a signature goes after what it belongs to',
      find: '!wanted.isIdle && !this.#waits(wanted)',
      replace: '!wanted.isIdle',
      tests: RETURNS,
    },
    {
      rule: 'S04 what is wanted again while it is brought back is brought back once more',
      find: 'this.#underWay.has(known) || ',
      replace: '',
      tests: RETURNS,
    },
    {
      rule: 'S04 what a tag named last is what comes back',
      find: 'use.thing.at > known.use.thing.at ? use : joined(known.use, use)',
      replace: 'joined(known.use, use)',
      tests: RETURNS,
    },
    {
      rule: 'S04 nor does its end take the new wish away',
      find: 'if (this.#wanted.get(key) === wanted) this.#wanted.delete(key)',
      replace: 'this.#wanted.delete(key)',
      tests: RETURNS,
    },
    {
      rule: 'S04 what is needed again is tried again',
      find: 'if (needed.has(use)) wanted.isIdle = false',
      replace: 'if (needed.has(use)) wanted.isIdle ||= false',
      tests: RETURNS,
    },
    {
      rule: 'S04 what fails is tried again',
      find: "if (back.outcome === 'Failed') returns.push(this.#failed(wanted, back.error))",
      replace: "if (back.outcome === 'Failed') this.#wanted.delete(evictedKey(back.thing))",
      tests: WATCH,
    },
    {
      rule: 'S04 a registry that is away is tried again',
      find: 'for (const wanted of left.values()) returns.push(this.#failed(wanted, error))',
      replace: 'for (const { use } of left.values()) this.#wanted.delete(evictedKey(use.thing))',
      tests: WATCH,
    },
  ],
  'src/controllers/evicted-news.ts': [
    {
      rule: 'S04 what was missing holds the policy',
      find: "outcome === 'Restored' || (outcome",
      replace: '(outcome',
      tests: NEWS,
    },
    {
      rule: 'S04 what cannot come back holds it, too',
      find: "(outcome === 'Failed' && error",
      replace: "(outcome !== 'Failed' && error",
      tests: NEWS,
    },
    {
      rule: 'S19 a hold names no workload in the workspace',
      find: 'named(missed, from, () => undefined)',
      replace: 'named(missed, from, whoUses)',
      tests: WATCH,
    },
  ],
  'src/controllers/unrecorded-harm.ts': [
    {
      rule: 'S04 a hold that a dead process did not record',
      find: 'newest === undefined ||',
      replace: 'newest !== undefined ||',
    },
    {
      rule: 'S04 one that is recorded may be over',
      find: ' || newest.at <= (hold?.since ?? 0)',
      replace: '',
    },
  ],
  'src/controllers/evicted-hold.ts': [
    {
      rule: 'S04 only the token releases it',
      find: 'if (written === token) return undefined',
      replace: 'if (written !== undefined) return undefined',
      tests: HOLD,
    },
    {
      rule: 'S04 each hold has a token of its own',
      find: 'JSON.stringify([since, because])',
      replace: 'because',
      tests: HOLD,
    },
  ],
  'src/controllers/policy-restore.ts': [
    {
      rule: 'S12 what was brought back stays',
      find: 'keep(repository, tag, at + RESTORED_FOR_MS)',
      replace: 'keep(repository, tag, at)',
      tests: ASKED,
    },
    {
      rule: 'S12 what spec.restore names stays',
      find: 'keep(listed.repository, listed.tag, now + RESTORED_FOR_MS)',
      replace: 'keep(listed.repository, listed.tag, now)',
      tests: ASKED,
    },
    {
      rule: 'S12 what spec.restore names with its registry stays',
      find: '...(located === undefined ? [] : [located])',
      replace: '',
      tests: ASKED,
    },
    {
      rule: 'S12 what stayed by an earlier plan stays for its time',
      find: 'of remembered) keep(',
      replace: 'of remembered.slice(1)) keep(',
      tests: ASKED,
    },
  ],
  'src/evict/evicted.ts': [
    {
      rule: 'S04 what went again after it was brought back is gone',
      find: 'at >= each.at ? at : undefined',
      replace: 'at >= 0 ? at : undefined',
      tests: HISTORY,
    },
    {
      rule: 'S04 a tag that came back goes again with its manifest',
      find: ' && !isGoneAgain(each)',
      replace: '',
      tests: HISTORY,
    },
  ],
  'src/evict/restore.ts': [
    {
      rule: 'S04 what somebody pushes by its name meanwhile is kept',
      find: "if (isTaken(named)) return 'Taken'\n    if (named === undefined)",
      replace: '',
      tests: BACK,
    },
  ],
  'src/evict/other-runs.ts': [
    {
      rule: 'S04 the copies of other runs are looked for, too',
      find: "if (record.kind === 'trashing') {",
      replace: "if (record.kind !== 'manifest') return []\n  if (record.kind === 'trashing') {",
      tests: BACK,
    },
    {
      rule: 'S04 a journal of another run that cannot be read keeps nothing from coming back',
      find: "if (!hasCode(error, 'JOURNAL_LOST', 'JOURNAL_INVALID')) throw error",
      replace: 'throw error',
      tests: BACK,
    },
  ],
  'src/controllers/known-failures.ts': [
    {
      rule: 'S04 what was back and fails again holds a policy anew',
      find: 'known.delete(key)',
      replace: '',
    },
    {
      rule: 'S04 so does what fails otherwise',
      find: 'known.get(key) === error.code',
      replace: 'known.has(key)',
    },
  ],
  'src/evict/gone-again.ts': [
    {
      rule: 'S04 whichever run takes the manifest',
      find: 'wanted.has(key))',
      replace: 'wanted.has(key) && returned.some(({ run }) => run === each.run))',
      tests: HISTORY,
    },
  ],
  'src/evict/chosen-back.ts': [
    {
      rule: 'S04 a signature in a repository of its own is asked back with what it belongs to',
      find: '!anywhere.has(subject)',
      replace: 'true',
      tests: ['src/evict/chosen-back.test.ts'],
    },
  ],
  'src/evict/bring-back.ts': [
    {
      rule: 'S04 what comes back goes before what else is asked of the registry',
      find: "const lane = 'interactive'",
      replace: "const lane = 'bulk'",
      tests: BACK,
    },
    {
      rule: 'S12 what is back is recorded',
      find: 'await records.add(shelf, { repository, run }, restored, { ...call, beforeSend: fence })',
      replace: '',
      tests: BACK,
    },
    {
      rule: 'S34 what a journal still tells of which a part is gone brings back',
      find: "'RESTORE_CONTENT_GONE', 'JOURNAL_LOST')",
      replace: "'RESTORE_CONTENT_GONE')",
      tests: BACK,
    },
    {
      rule: 'S04 what its own run has not saved is looked for in the others',
      find: 'left.push(back.thing)',
      replace: 'yield back',
      tests: BACK,
    },
    {
      rule: 'S04 one that fails does not stop the rest',
      find: 'return failed(thing, thrown, reach.signal)',
      replace: 'throw thrown',
      tests: BACK,
    },
  ],
  'src/evict/restorations.ts': [
    {
      rule: 'S34 what another process has recorded meanwhile is continued',
      find: "if (!hasCode(error, 'JOURNAL_CONFLICT') || attempt === ATTEMPTS) throw error",
      replace: 'throw error',
      tests: ['src/evict/lost-journal.test.ts'],
    },
    {
      rule: 'S04 the journal of a run has one writer',
      find: '{RESTORATIONS}',
      replace: "{''}",
      tests: BACK,
    },
  ],
}
