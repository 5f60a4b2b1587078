import type { MutantsByFile } from './mutant.ts'

const PLAN = ['src/controllers/policy-planner-use.test.ts']
const CARRY = ['src/controllers/policy-carrier-use.test.ts']
const INDEXES = ['src/scan/used-indexes.test.ts']
const EMPTIED = ['src/retention/emptied-repositories.test.ts']

/** What is in use although no list shows it: indexes without a tag, tags that a list lacks, repositories that look empty (S35, S36, S39). */
export const USING_MUTANTS: MutantsByFile = {
  'src/scan/used-images.ts': [
    {
      rule: 'S06 S14 a reference to another host speaks of every repository in whose path it ends',
      find: ' : endingsOf(reference)',
      replace: ' : []',
      tests: ['src/scan/used-images.test.ts'],
    },
    {
      rule: 'S06 S14 a text that is no reference speaks of whatever it may mean',
      find: 'salvagedRepositories(meant, this.#locate)',
      replace: '[]',
      tests: ['src/scan/used-images.test.ts'],
    },
    {
      rule: 'S35 what others claim and pin',
      find: 'for (const image of images) found.addClaimed({ installation, image })',
      replace: 'void images',
    },
    {
      rule: 'S39 a name of the registry counts before a path',
      find: 'if (use.isNamed && !known.use.isNamed) known.use = use',
      replace: '',
      tests: ['src/scan/used-images.test.ts'],
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
      find: 'recall(memory, doubted, input.registry, again)',
      replace: 'recall(memory, read, input.registry, again)',
      tests: PLAN,
    },
  ],
  'src/scan/index-reader.ts': [
    {
      rule: 'S35 an index in an index',
      find: 'if (!depths.has(index)) depths.set(index, depth + 1)',
      replace: 'void index',
      tests: INDEXES,
    },
    {
      rule: 'S35 what was not there may be pushed',
      find: 'this.#parts.clock.monotonic() < askAgainAt',
      replace: 'true',
      tests: INDEXES,
    },
    {
      rule: 'S35 what was not there is to be asked for again',
      find: 'this.#learn(now + absentForMs)\n',
      replace: '',
      tests: INDEXES,
    },
    {
      rule: 'S35 what was not there before is still to be asked for again',
      find: 'this.#learn(askAgainAt)\n      return before',
      replace: 'return before',
      tests: INDEXES,
    },
    {
      rule: 'S35 what is damaged is to be asked for again',
      find: 'this.#isDamaged = true',
      replace: '',
      tests: INDEXES,
    },
    {
      rule: 'S35 one that is too large is said',
      find: 'depth > MAX_NESTING || depths.size > MAX_READ || found.size > MAX_CONTENTS',
      replace: 'depth < 0',
      tests: INDEXES,
    },
    {
      rule: 'S03 what is known to be absent costs one look',
      find: 'wasAbsent ? await lookOnce(get, signal) : await',
      replace: 'await',
      tests: INDEXES,
    },
  ],
  'src/scan/used-indexes.ts': [
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
      find: 'withHeld(inUseIndex(usage, names), holders)',
      replace: 'inUseIndex(usage, names)',
      tests: CARRY,
    },
    {
      rule: 'S35 an index that was not there is looked for again, though no use changes',
      find: 'this.#askAgainAt = askAgainAt',
      replace: '',
      tests: ['src/controllers/fresh-usage.test.ts'],
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
      find: 'this.#unread.push(next)',
      replace: '',
    },
    {
      rule: 'S35 what cannot be read holds up nothing that can',
      find: 'this.#unread.push(next)',
      replace: 'this.#unread.unshift(next)',
    },
    {
      rule: 'S35 an index that was not there, or damaged, is asked for again',
      find: 'if (isDue || this.#unread',
      replace: 'if (this.#unread',
    },
    {
      rule: 'S35 much that could not be read is all that is in use',
      find: 'this.#unread = [{ usage: all, names, isAll: true }]',
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
  'src/controllers/followed-evictions.ts': [
    {
      rule: 'S35 a platform that went comes back for its index',
      find: 'this.#indexes.look(added.length > 0 ? usage : news, usage, names)',
      replace: '',
      tests: ['src/controllers/evicted-watch.test.ts'],
    },
  ],
  'src/scan/registry-reader.ts': [
    {
      rule: 'S09 a list of tags that cannot be read is no empty one',
      find: 'incomplete: `its tags could not be listed: ',
      replace: 'incomplete: undefined && `',
      tests: ['src/controllers/policy-planner-use.test.ts'],
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
  'src/registry/manifests.ts': [
    {
      rule: 'S36 what a tag names is not out of a cache',
      find: 'isDigest(reference) ? ACCEPT : ACCEPT_PAST_CACHES',
      replace: 'ACCEPT',
      tests: ['src/registry/faults.test.ts'],
    },
  ],
  'src/retention/emptied-repositories.ts': [
    {
      rule: 'S39 what somebody uses is not empty',
      find: 'if (use?.isNamed === true)',
      replace: 'if (false)',
      tests: EMPTIED,
    },
    {
      rule: 'S39 what had tags is not empty',
      find: 'if (lost === 0 && use === undefined)',
      replace: 'if (use === undefined)',
      tests: EMPTIED,
    },
    {
      rule: 'S39 what may be in use under another name is not empty',
      find: 'if (lost === 0 && use === undefined)',
      replace: 'if (lost === 0)',
      tests: EMPTIED,
    },
    {
      rule: 'S39 it is not believed before a day has passed',
      find: 'if (facts.readAt - since >= BELIEVED_AFTER_MS)',
      replace: 'if (facts.readAt > since)',
      tests: EMPTIED,
    },
  ],
}
