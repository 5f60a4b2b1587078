import type { MutantsByFile } from './mutant.ts'

const WHOLENESS = ['src/evict/wholeness.test.ts']
const TRASH = ['src/evict/trash.test.ts']
const PURGE = ['src/evict/trash-purge.test.ts']
const RUNS = ['src/evict/run-purge.test.ts']
const PURGER = ['src/evict/run-purger.test.ts']
const NEEDS = ['src/controllers/run-needs.test.ts']

/** What makes a copy in the trash one, and what keeps it there (S04, S18, S19). */
export const TRASH_MUTANTS: MutantsByFile = {
  'src/evict/trash-shelf.ts': [
    {
      rule: 'S18 what was copied is read again',
      find: 'await this.#whole.check(digest)',
      replace: '',
      tests: TRASH,
    },
    {
      rule: 'S18 each manifest has a tag of its own',
      find: 'trashTag(digest), manifest, calls',
      replace: "manifest.kind === 'index' ? trashTag(digest) : digest, manifest, calls",
      tests: TRASH,
    },
    {
      rule: 'S18 blobs belong to the copy',
      find: 'for (const blob of blobsOf(manifest)) await this.#mount(blob)',
      replace: '',
      tests: TRASH,
    },
    {
      rule: 'S19 a copy of another run is not counted on',
      find: 'if ([...tags].some(isTheirs)) return false',
      replace: '',
      tests: TRASH,
    },
    {
      rule: 'S45 a copy that another run has made instead is not counted on',
      find: 'begun.filter((copy) => !theirs.has(copyKey(copy)) && !unknown.has(copyKey(copy)))',
      replace: 'begun',
      tests: PURGE,
    },
    {
      rule: 'S19 500 tags in a repository at most',
      find: 'if (fresh.length > 0 && isFull) return false',
      replace: '',
      tests: TRASH,
    },
  ],
  'src/evict/trash-filling.ts': [
    {
      rule: 'S18 only the source says that content is gone',
      find: 'if (!(await new Wholeness(reach, reach.repository).holds(digest)))',
      replace: 'if (digest !== undefined)',
      tests: TRASH,
    },
  ],
  'src/evict/trash-proof.ts': [
    {
      rule: 'S18 a copy has to be old enough',
      find: 'copy.at < before',
      replace: 'copy.at < Number.POSITIVE_INFINITY',
      tests: TRASH,
    },
    {
      rule: 'S18 a copy is read again before its source goes',
      find: 'if (await at(repository).holds(digest)) proven.add(digest)',
      replace: 'if (at(repository) !== undefined) proven.add(digest)',
      tests: TRASH,
    },
    {
      rule: 'S18 each manifest of a copy still has its tag',
      find: 'new Wholeness(reach, repository, trashTag)',
      replace: 'new Wholeness(reach, repository)',
      tests: TRASH,
    },
    {
      rule: 'S19 nothing outside the trash is a copy',
      find: ' && liesInTrash(place, copy.repository)',
      replace: '',
      tests: TRASH,
    },
  ],
  'src/evict/trash-copies.ts': [
    {
      rule: 'S18 a copy that is not whole any more is not believed',
      find: "kind === 'trashed' ? at : undefined",
      replace: 'at',
      tests: TRASH,
    },
    {
      rule: 'S45 what was begun and never seen whole may be of another run',
      find: 'return at === undefined || isPurging === true',
      replace: 'return isPurging === true',
      tests: PURGE,
    },
    {
      rule: 'S45 what was about to be deleted may be of another run',
      find: 'return at === undefined || isPurging === true',
      replace: 'return at === undefined',
      tests: PURGE,
    },
  ],
  'src/evict/wholeness.ts': [
    {
      rule: 'S18 blobs are read by their last byte',
      find: 'for (const blob of blobsOf(manifest)) await this.#blob(blob)',
      replace: '',
      tests: TRASH,
    },
    {
      rule: 'S18 what lies under a tag has to be what is meant',
      find: 'if (digestOf(manifest.bytes, algorithmOf(digest)) !== digest)',
      replace: 'if (digest === undefined)',
      tests: TRASH,
    },
    {
      rule: 'S18 what an index contains is read',
      find: 'for (const child of childrenOf(manifest)) await this.check(child, depth + 1)',
      replace: '',
      tests: TRASH,
    },
    {
      rule: 'S18 what is asked again after it failed is looked at again',
      find: 'this.#looks.delete(digest)',
      replace: '',
      tests: WHOLENESS,
    },
    {
      rule: 'S18 a registry that is away says nothing of its content',
      find: "if (isMissing(error) || error.code === 'REGISTRY_MEDIA_TYPE') return false",
      replace: 'if (error.code !== undefined) return false',
      tests: WHOLENESS,
    },
    {
      rule: 'S18 the config counts like a layer',
      find: 'return [manifest.config, ...manifest',
      replace: 'return [...manifest',
      tests: WHOLENESS,
    },
  ],
  'src/evict/restore.ts': [
    {
      rule: 'S18 what was brought back is read again',
      find: 'await whole(digest, () => new Wholeness(reach, repository).check(digest))',
      replace: '',
      tests: TRASH,
    },
  ],
  'src/evict/trash-purge.ts': [
    {
      rule: 'S03 nobody knows who uses what before the guard has asked',
      find: 'if (old.length === 0) return 0\n  await hands.guard(hands.signal)',
      replace: 'if (old.length === 0) return 0',
      tests: PURGE,
    },
    {
      rule: 'S04 what is in use keeps what it contains',
      find: 'else keep(digest)',
      replace: '',
      tests: PURGE,
    },
    {
      rule: 'S19 what is needed is known before anything goes',
      find: 'if (unknown.has(copy) || !isDoomed(hands, copy)) keep(copy.digest)',
      replace: 'if (unknown.has(copy)) keep(copy.digest)',
      tests: NEEDS,
    },
    {
      rule: 'S04 it is the source that is asked about',
      find: '[{ repository: hands.repository, digest }]',
      replace: '[{ repository, digest }]',
      tests: PURGE,
    },
    {
      rule: 'S18 what is younger stays, with what it contains',
      find: 'if (!old.has(copy)) keep(copy.digest)',
      replace: 'if (!old.has(copy)) stays.add(copy.digest)',
      tests: PURGE,
    },
    {
      rule: 'S19 nothing outside the trash is purged',
      find: 'copies.filter(({ repository }) => liesInTrash(place, repository))',
      replace: 'copies',
      tests: PURGE,
    },
    {
      rule: 'S45 what somebody has deleted may be of another run',
      find: 'const asked = copies.filter((copy) => !gone.has(copy))',
      replace: 'const asked = copies.filter((copy) => !gone.has(copy) && isDoubtful(copy))',
      tests: PURGE,
    },
    {
      rule: 'S45 what may be of another run stays until that is known',
      find: 'if (unknown.has(copy) || !isDoomed(hands, copy)) keep(copy.digest)',
      replace: 'if (!isDoomed(hands, copy)) keep(copy.digest)',
      tests: PURGE,
    },
    {
      rule: 'S19 what is refused at every pass does not fill the journal',
      find: 'ours.filter(({ isPurging }) => isPurging !== true)',
      replace: 'ours',
      tests: PURGE,
    },
    {
      rule: 'S45 that it is about to be deleted is recorded first',
      find: "await hands.journal.append([{ kind: 'purging', at: hands.clock.now(), repository, digests }])",
      replace: '{\n    }',
      tests: PURGE,
    },
  ],
  'src/evict/trash-others.ts': [
    {
      rule: 'S45 a journal that cannot be read may speak of any copy',
      find: 'if (isDoubtful(own)) unknown.add(copyKey(own))',
      replace: 'void own',
      tests: PURGE,
    },
    {
      rule: 'S45 what is left of a damaged journal counts',
      find: '{ copies: copies.all(), isWhole: false }',
      replace: '{ copies: [], isWhole: false }',
      tests: PURGE,
    },
    {
      rule: 'S45 S19 a journal of another run that is damaged stops no purge',
      find: 'return isMissing(error) ||',
      replace: "return error.code.startsWith('JOURNAL') ||",
      tests: PURGE,
    },
    {
      rule: 'S45 S19 what no other run speaks of goes, although a journal is damaged',
      find: 'if (isDoubtful(own)) unknown.add(copyKey(own))',
      replace: 'unknown.add(copyKey(own))',
      tests: PURGE,
    },
    {
      rule: "S45 S19 a copy that another run had only begun before is this one's",
      find: 'return !isDoubtful(other) || other.begunAt >= own.begunAt',
      replace: 'return true',
      tests: PURGE,
    },
    {
      rule: 'S45 what another run has seen whole is its copy, whenever that was begun',
      find: 'return !isDoubtful(other) || other.begunAt >= own.begunAt',
      replace: 'return other.begunAt >= own.begunAt',
      tests: PURGE,
    },
    {
      rule: 'S45 what another run began since is its copy, although nobody has seen it whole',
      find: 'return !isDoubtful(other) || other.begunAt >= own.begunAt',
      replace: 'return !isDoubtful(other)',
      tests: PURGE,
    },
    {
      rule: 'S45 the journals of other runs are asked',
      find: 'if (other !== run) yield',
      replace: 'if (false) yield',
      tests: RUNS,
    },
  ],
  'src/evict/run-purge.ts': [
    {
      rule: 'S16 what a run has begun and not ended keeps its journal',
      find: 'if (history.unsettled.some(({ isLost }) => isLost !== true)) return undefined',
      replace: '',
      tests: RUNS,
    },
    {
      rule: 'S19 a copy that stays keeps the journal',
      find: 'return copies.some((copy) => liesInTrash(place, copy.repository)) ? undefined : history',
      replace: 'return history',
      tests: RUNS,
    },
    {
      rule: 'S12 what was brought back keeps the journal for its time',
      find: 'isAsked || history.returned.some(({ at }) => at > pinnedSince)',
      replace: 'isAsked',
      tests: RUNS,
    },
    {
      rule: 'S04 what was taken and is in use keeps the journal',
      find: 'const things = stillEvicted(history).map(({ digest }) => ({ repository, digest }))',
      replace: 'const things: { repository: string; digest: string }[] = []',
      tests: RUNS,
    },
  ],
  'src/controllers/policy-carrier.ts': [
    {
      rule: 'S19 what spec.restore asks for is read anew until the request',
      find: 'this.#parts.policies.get(keyOf(policy)) ?? policy',
      replace: 'policy',
      tests: ['src/controllers/policy-carrier-purge.test.ts'],
    },
  ],
  'src/controllers/run-needs.ts': [
    {
      rule: 'S19 what spec.restore asks for and is not back keeps its copy',
      find: "if (this.#asked(taken).has(digest)) return reason('Restored')",
      replace: '',
      tests: NEEDS,
    },
    {
      rule: 'S19 what spec.restore asks for by now counts',
      find: '!isDeepStrictEqual(entries, taken.asked.entries)',
      replace: 'entries.length === 1 && taken.asked.entries === entries',
      tests: NEEDS,
    },
    {
      rule: 'S19 what belongs to something that is asked for is, whichever run took that',
      find: 'const here = [...went.of(repository), ...history.went]',
      replace: 'const here = history.went',
      tests: NEEDS,
    },
    {
      rule: 'S09 the copy of a signature stays with what it belongs to',
      find: 'subjects].flatMap((subject) => usesOf(taken, subject, usage, depth + 1))',
      replace: 'subjects].flatMap(() => [])',
      tests: NEEDS,
    },
    {
      rule: 'S04 what the journal alone knows counts as use',
      find: 'const here = [...went.of(repository), ...history.went]',
      replace: 'const here = [...went.of(repository)]',
      tests: NEEDS,
    },
    {
      rule: 'S04 the copy of a signature in a repository of its own stays with what it belongs to',
      find: 'const all = [...here, ...(await this.#subjectsElsewhere(here))]',
      replace: 'const all = here',
      tests: NEEDS,
    },
  ],
  'src/evict/journal-removal.ts': [
    {
      rule: 'S34 a journal that could not be read a moment ago is not deleted',
      find: "doomed.history !== 'read'",
      replace: "doomed.run === ''",
      tests: ['src/evict/lost-journal.test.ts'],
    },
    {
      rule: 'S12 what is brought back right before a journal goes keeps it',
      find: "if (await isPinned(hands, doomed)) return 'spared' as const",
      replace: '',
      tests: RUNS,
    },
    {
      rule: 'S04 it is asked again right before a journal goes',
      find: 'await takeAway(hands, things, stands',
      replace: 'await takeAway(hands, [], stands',
      tests: RUNS,
    },
    {
      rule: 'S19 a journal is not deleted by a digest that another tag names',
      find: "isAlone(names, tag, digest) ? undefined : ('moved' as const)",
      replace: 'undefined',
      tests: RUNS,
    },
  ],
  'src/evict/journal-artifact.ts': [
    {
      rule: 'S19 no two journals have one digest',
      find: ', [RUN]: run }',
      replace: ' }',
      tests: ['src/evict/workspace-journal.test.ts'],
    },
  ],
  'src/evict/run-purger.ts': [
    {
      rule: 'S19 a run of which something is needed is not forgotten',
      find: "if (removal.kind === 'needed')",
      replace: "if (purge.run === '')",
      tests: PURGER,
    },
    {
      rule: 'S19 a journal that cannot be deleted keeps no other run',
      find: 'reachability.isLostWith(error)',
      replace: "reachability.isLostWith(error) || error.kind === 'unreachable'",
      tests: PURGER,
    },
  ],
}
