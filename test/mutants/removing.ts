import type { MutantsByFile } from './mutant.ts'

const REQUEST = ['src/retention/removal-request.test.ts']

/** What `tallyman rm` refuses, and what it looks at again. */
export const REMOVING_MUTANTS: MutantsByFile = {
  'src/retention/removal-request.ts': [
    {
      rule: 'S06 removal by name: what is in use',
      find: 'request.isForced ? undefined : this.#useOf(request)',
      replace: 'undefined',
      tests: REQUEST,
    },
    {
      rule: 'S06 removal by name: what is forced is forced alone',
      find: 'request.isForced ? undefined : this.#useOf(request)',
      replace: 'this.#asked.requests.some(({ isForced }) => isForced) ? undefined : this.#useOf(request)',
      tests: REQUEST,
    },
    {
      rule: 'S06 removal by name: what hangs on something in use',
      find: 'own ?? this.#protection.held.get(named)?.reason',
      replace: 'own',
      tests: REQUEST,
    },
    {
      rule: 'S08 removal by name: what belongs to Tallyman',
      find: 'if (!isOwnContent(this.#facts.name, manifest, this.#asked.workspaces)) return undefined',
      replace: 'return undefined',
      tests: REQUEST,
    },
    {
      rule: 'S33 removal by name: the trash of others',
      find: '[...requested.workspaces, ...foundWorkspaces(parts.facts)]',
      replace: 'requested.workspaces',
      tests: REQUEST,
    },
    {
      rule: 'S09 removal by name: a repository that was not read in full',
      find: 'if (this.#incomplete === undefined) return undefined',
      replace: 'return undefined',
      tests: REQUEST,
    },
  ],
  'src/retention/removal-reach.ts': [
    {
      rule: 'S42 removal by name: what is forced takes nothing along that is in use',
      find: 'if (!this.#forced.has(digest)) add(digest, name,',
      replace: 'if (false) add(digest, name,',
      tests: REQUEST,
    },
    {
      rule: 'S42 removal by name: a part of what nobody asked for',
      find: 'if (!this.#attached.has(digest)) add(digest,',
      replace: 'if (false) add(digest,',
      tests: REQUEST,
    },
    {
      rule: 'S15 removal by name: what another tag names',
      find: 'if (!this.#going.has(tag)) add(digest, tag,',
      replace: 'if (false) add(digest, tag,',
      tests: REQUEST,
    },
    {
      rule: 'S15 removal by name: a companion in use',
      find: ' && !this.#parts.isInUse(tag)',
      replace: '',
      tests: REQUEST,
    },
  ],
  'src/commands/rm-claims.ts': [
    {
      rule: 'S01 removal by name: claims below a longer path',
      find: 'depth < parts.length',
      replace: 'depth < 1',
      tests: ['src/commands/rm-execution.test.ts'],
    },
  ],
  'src/commands/rm-use.ts': [
    {
      rule: 'S03 removal by name: the clusters are asked again before a request',
      find: 'this.#proven !== undefined && ageOf(this.#proven, this.#parts.clock) <= FRESH_MS',
      replace: 'this.#proven !== undefined',
      tests: ['src/commands/rm-use.test.ts'],
    },
    {
      rule: 'S03 removal by name: an answer is as old as its question',
      find: 'this.#proven = asked\n',
      replace: 'this.#proven = asked.wall > 0 ? momentOf(clock) : asked\n',
      tests: ['src/commands/rm-use.test.ts'],
    },
    {
      rule: 'S01 removal by name: what others claim',
      find: 'claims: claimed',
      replace: 'claims: []',
      tests: ['src/commands/rm-use.test.ts'],
    },
  ],
  'src/commands/rm-execution.ts': [
    {
      rule: 'S04 removal by name: what came into use',
      find: 'if (this.#index !== use.index) {',
      replace: 'if (this.#index === undefined) {',
      tests: ['src/commands/rm-execution.test.ts'],
    },
  ],
}
