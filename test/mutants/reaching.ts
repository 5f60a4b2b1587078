import type { MutantsByFile } from './mutant.ts'

const SITE = ['src/controllers/policy-site.test.ts']
const ANCHORS = ['src/controllers/policy-anchors.test.ts']
const RESTORER = ['src/controllers/evicted-restorer.test.ts']
const RESTORE_RUN = ['src/controllers/policy-restore-run.test.ts']

/** With which accounts and by whose leave a registry is written to and deleted from, and where that is recorded (S16, S19, S34, S40). */
export const REACHING_MUTANTS: MutantsByFile = {
  'src/controllers/policy-site.ts': [
    {
      rule: 'S16 nothing is deleted without a place for journals',
      find: 'const workspace = workspaceOf(registry, registries)\n',
      replace:
        "const workspace = workspaceOf(registry, registries) ?? { registry, prefix: 'tallyman' } as const\n",
      tests: SITE,
    },
    {
      rule: 'S16 nothing is written without the lease',
      find: 'fence: () => fence.assertLeader()',
      replace: 'fence: () => undefined',
      tests: SITE,
    },
    {
      rule: 'S16 a DELETE that takes longer than the Registry says',
      find: "parseDuration(deletion?.requestLimit ?? '') ?? DELETE_LIMIT_MS",
      replace: 'deletion === null ? 0 : DELETE_LIMIT_MS',
      tests: SITE,
    },
    {
      rule: 'S16 what forbids a request',
      find: '...{ guard, stillDoomed,',
      replace: '...{ guard: async () => undefined, stillDoomed,',
      tests: SITE,
    },
    {
      rule: 'S04 what is needed by then',
      find: '...{ guard, stillDoomed,',
      replace: '...{ guard, stillDoomed: () => true,',
      tests: SITE,
    },
    {
      rule: 'S19 looking has an account of its own',
      find: "access.open(registry, signal, 'pull')",
      replace: "access.open(registry, signal, 'push')",
      tests: SITE,
    },
    {
      rule: 'S19 writing has an account of its own',
      find: "access.open(registry, signal, 'push')",
      replace: "access.open(registry, signal, 'delete')",
      tests: SITE,
    },
    {
      rule: 'S19 deleting has an account of its own',
      find: "access.open(registry, signal, 'delete')",
      replace: "access.open(registry, signal, 'push')",
      tests: SITE,
    },
    {
      rule: 'S19 journals are written by the account of the workspace',
      find: "access.open(workspace.registry, signal, 'push')",
      replace: "access.open(registry, signal, 'push')",
      tests: SITE,
    },
    {
      rule: 'S19 the right to delete is not needed for journals',
      find: "access.open(workspace.registry, signal, 'push')",
      replace: "access.open(workspace.registry, signal, 'delete')",
      tests: SITE,
    },
    {
      rule: 'S19 journals go by the account of the workspace that may delete',
      find: "access.open(workspace.registry, signal, 'delete')",
      replace: "access.open(registry, signal, 'delete')",
      tests: SITE,
    },
    {
      rule: 'S19 nothing but the account that may delete takes a journal away',
      find: "access.open(workspace.registry, signal, 'delete')",
      replace: "access.open(workspace.registry, signal, 'push')",
      tests: SITE,
    },
    {
      rule: 'S19 what takes something away is one line of audit',
      find: "audit: (line) => log.info({ audit: line }, 'destructive request')",
      replace: 'audit: () => undefined',
      tests: SITE,
    },
    {
      rule: 'S34 a journal that the process knows of',
      find: 'prefix: workspace.prefix, known: journals }',
      replace: 'prefix: workspace.prefix }',
      tests: SITE,
    },
  ],
  'src/controllers/policy-anchors.ts': [
    {
      rule: 'S14 only where the Registry says so',
      find: "anchorInUse !== 'Tag' || ",
      replace: '',
      tests: ANCHORS,
    },
    {
      rule: 'S19 a policy that only makes plans writes no anchor',
      find: "mode === 'DryRun' || ",
      replace: '',
      tests: ANCHORS,
    },
    {
      rule: 'S16 no anchor without the lease',
      find: 'fence: () => fence.assertLeader()',
      replace: 'fence: () => undefined',
      tests: ANCHORS,
    },
    {
      rule: 'S19 anchors are written by the account that may push',
      find: "await access.open(registry, signal, 'push')",
      replace: 'await access.open(registry, signal)',
      tests: ANCHORS,
    },
    {
      rule: 'S19 what has no tag is looked for by the account that may pull',
      find: 'client: pull } = await access.open(registry, signal)',
      replace: "client: pull } = await access.open(registry, signal, 'push')",
      tests: ANCHORS,
    },
    {
      rule: 'S14 what refuses in one repository keeps from none of the others',
      find: 'const { code, advice } = toleratedProblem(thrown, signal)',
      replace: "throw thrown\n      const { code, advice } = { code: '', advice: '' }",
      tests: ANCHORS,
    },
  ],
  'src/controllers/evicted-restorer.ts': [
    {
      rule: 'S16 nothing is brought back without the lease',
      find: 'fence: () => fence.assertLeader()',
      replace: 'fence: () => undefined',
      tests: RESTORER,
    },
    {
      rule: 'S19 what went is looked at by the account that may pull',
      find: "access.open(registry, signal, 'pull')",
      replace: "access.open(registry, signal, 'push')",
      tests: RESTORER,
    },
    {
      rule: 'S19 what went is written by the account that may push',
      find: "access.open(registry, signal, 'push')",
      replace: "access.open(registry, signal, 'delete')",
      tests: RESTORER,
    },
    {
      rule: 'S19 what came back is recorded by the account that may push',
      find: "this.#shelf(workspace, signal, 'push')",
      replace: "this.#shelf(workspace, signal, 'pull')",
      tests: RESTORER,
    },
    {
      rule: 'S19 what runs did is read by the account that may pull',
      find: "signal, 'pull')\n    for (",
      replace: "signal, 'push')\n    for (",
      tests: RESTORER,
    },
    {
      rule: 'S19 what came back is read by the account that may pull',
      find: "signal, 'pull')\n    const unknownReturns",
      replace: "signal, 'push')\n    const unknownReturns",
      tests: RESTORER,
    },
    {
      rule: 'S34 a journal that the process knows of was there',
      find: 'prefix, known: this.#parts.journals }',
      replace: 'prefix }',
      tests: RESTORER,
    },
    {
      rule: 'S12 what cannot be brought back for want of a workspace is told',
      find: "      throw new TallymanError(\n        'SPEC_INVALID',",
      replace: "      return\n      throw new TallymanError(\n        'SPEC_INVALID',",
      tests: RESTORER,
    },
    {
      rule: 'S12 what went is known',
      find: 'went.add(history.went)',
      replace: '',
      tests: RESTORE_RUN,
    },
    {
      rule: 'S12 what came back of a run is known',
      find: 'returned.push([...history.returned])',
      replace: '',
      tests: RESTORE_RUN,
    },
    {
      rule: 'S12 what has no end is known',
      find: 'unsettled.push(...history.unsettled)',
      replace: '',
      tests: RESTORE_RUN,
    },
    {
      rule: 'S12 where it is not known what came back, that is said',
      find: 'if (told.lost !== undefined) unknownReturns.set(repository, told.lost.advice)',
      replace: '',
      tests: RESTORE_RUN,
    },
    {
      rule: 'S12 what others brought back is known',
      find: 'return told.returned',
      replace: 'return []',
      tests: RESTORE_RUN,
    },
  ],
  'src/evict/capabilities.ts': [
    {
      rule: 'S40 what a registry lets delete is asked for again',
      find: 'now - known.at < KEPT_MS',
      replace: 'now >= known.at',
    },
    {
      rule: 'S40 an account that is refused in one repository is asked for in the next',
      find: "it !== 'denied' && ",
      replace: '',
    },
    {
      rule: 'S40 no answer says nothing of what may be deleted',
      find: " && it !== 'unknown'",
      replace: '',
    },
  ],
}
