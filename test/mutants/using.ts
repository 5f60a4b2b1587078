import type { MutantsByFile } from './mutant.ts'

const PLAN = ['src/controllers/policy-planner-use.test.ts']
const CARRY = ['src/controllers/policy-carrier-use.test.ts']
const INDEXES = ['src/scan/used-indexes.test.ts']
const EMPTIED = ['src/retention/emptied-repositories.test.ts']

/** What is in use although no list shows it: indexes without a tag, tags that a list lacks, repositories that look empty (S35, S36, S39). */
export const USING_MUTANTS: MutantsByFile = {
  'src/scan/used-images.ts': [
    {
      rule: 'S35 what others claim and pin',
      find: 'for (const text of [...images, ...pins]) found.add(text, parseReference(text), [])',
      replace: 'void [images, pins]',
    },
    {
      rule: 'S36 a tag that a reference names',
      find: 'else if (tag !== undefined) known.tags.add(tag)',
      replace: '',
    },
  ],
  'src/inventory/claim.ts': [
    {
      rule: 'S35 of which repository the digests are that run',
      find: '...used.flatMap(({ reference, runningDigests }) => byDigest(reference, runningDigests)),',
      replace: '',
      tests: ['src/inventory/claim.test.ts'],
    },
  ],
  'src/controllers/policy-planner.ts': [
    {
      rule: 'S35 what others claim is asked for',
      find: 'used = usedImages({ snapshots: before.map(({ snapshot }) => snapshot), claims }, names)',
      replace: 'used = usedImages({ snapshots: before.map(({ snapshot }) => snapshot) }, names)',
      tests: PLAN,
    },
    {
      rule: 'S39 what lists no tags is not taken for empty',
      find: 'recall(memory, doubted, input.registry)',
      replace: 'recall(memory, read, input.registry)',
      tests: PLAN,
    },
  ],
  'src/scan/used-indexes.ts': [
    {
      rule: 'S35 an index in an index',
      find: 'for (const each of below ?? []) found.add(each)',
      replace: '',
      tests: INDEXES,
    },
    {
      rule: 'S35 what was not there may be pushed',
      find: 'clock.monotonic() - absentAt < ABSENT_FOR_MS',
      replace: 'true',
      tests: INDEXES,
    },
    {
      rule: 'S35 one that is damaged is said',
      find: 'damaged ??= contents',
      replace: 'damaged = undefined',
      tests: INDEXES,
    },
  ],
  'src/controllers/fresh-usage.ts': [
    {
      rule: 'S35 an index that comes into use late keeps its platforms',
      find: 'withHeld(inUseIndex(usage, names), await this.#parts.holders(usage, signal))',
      replace: 'inUseIndex(usage, names)',
      tests: CARRY,
    },
  ],
  'src/controllers/policy-carrier.ts': [
    {
      rule: 'S35 nothing goes while an index in use is damaged',
      find: 'if (damaged !== undefined) throw damaged',
      replace: '',
      tests: CARRY,
    },
  ],
  'src/controllers/evicted-indexes.ts': [
    {
      rule: 'S35 an index that could not be read is tried again',
      find: 'this.#unread.unshift(next)',
      replace: '',
    },
    {
      rule: 'S35 much that could not be read is all that is in use',
      find: 'this.#unread = [{ usage: all, names }]',
      replace: 'this.#unread = []',
    },
  ],
  'src/commands/rm-use.ts': [
    {
      rule: 'S35 an index that comes into use late keeps its platforms from tallyman rm',
      find: 'withHeld(inUseIndex(usage, names), await holders(usage, signal))',
      replace: 'inUseIndex(usage, names)',
    },
  ],
  'src/controllers/evicted-watch.ts': [
    {
      rule: 'S35 a platform that went comes back for its index',
      find: 'this.#indexes.look(added.length > 0 ? usage : changed, usage, names)',
      replace: '',
      tests: ['src/controllers/evicted-watch.test.ts'],
    },
  ],
  'src/scan/repository-reader.ts': [
    {
      rule: 'S36 a tag in use that the list lacks',
      find: 'await sideBySide(unlisted, concurrency, (tag) => this.#unlisted(tag))',
      replace: '',
      tests: PLAN,
    },
  ],
  'src/registry/listings.ts': [
    { rule: 'S36 no list out of a cache', find: ', headers: NOT_CACHED', replace: '', tests: PLAN },
  ],
  'src/retention/emptied-repositories.ts': [
    {
      rule: 'S39 what somebody uses is not empty',
      find: 'if (untagged.length === 0 && isUsed(name))',
      replace: 'if (false)',
      tests: EMPTIED,
    },
    { rule: 'S39 what had tags is not empty', find: 'if (lost === 0)', replace: 'if (true)', tests: EMPTIED },
    {
      rule: 'S39 it is not believed before a day has passed',
      find: 'if (facts.readAt - since >= BELIEVED_AFTER_MS)',
      replace: 'if (facts.readAt > since)',
      tests: EMPTIED,
    },
  ],
}
