import type { MutantsByFile } from './mutant.ts'

const WORKSPACES = ['src/controllers/workspaces.test.ts']
const SELECTION = ['src/scan/selection.test.ts']

/** What no rule and no check is ever about: what Tallyman itself keeps in a registry (S08). */
export const SCOPING_MUTANTS: MutantsByFile = {
  'src/controllers/workspaces.ts': [
    {
      rule: 'S08 the workspace is never in scope',
      find: '[...new Set([...prefixes, CLAIMS_REPOSITORY])]',
      replace: '[CLAIMS_REPOSITORY]',
      tests: WORKSPACES,
    },
    {
      rule: 'S08 claims are never in scope',
      find: '[...new Set([...prefixes, CLAIMS_REPOSITORY])]',
      replace: '[...new Set(prefixes)]',
      tests: WORKSPACES,
    },
    {
      rule: 'S19 the trash is never in scope, also where the workspace is elsewhere',
      find: '? [place] : [place, trash]',
      replace: '? [place] : [place]',
      tests: WORKSPACES,
    },
    {
      rule: 'S08 the workspace of another Registry that lies here is not in scope',
      find: '?? [])',
      replace: '?? []).slice(0, each === registry ? undefined : 0)',
      tests: WORKSPACES,
    },
    {
      rule: 'S08 the workspace lies below the path of its Registry',
      find: '.map((place) => place.slice(root.length))',
      replace: '.map((place) => place.slice(place.indexOf("/") + 1))',
      tests: WORKSPACES,
    },
    {
      rule: 'S08 one Registry that cannot be understood takes no other out of it',
      find: "if (hasCode(error, 'SPEC_INVALID', 'REFERENCE_NOT_FOUND')) return undefined",
      replace: '',
      tests: WORKSPACES,
    },
    {
      rule: 'S46 registries with one place for their workspaces are noticed',
      find: 'rootOf(each) !== root && placeOf(each, registries) === place',
      replace: 'false',
      tests: WORKSPACES,
    },
    {
      rule: 'S46 two Registries of one registry may have one workspace',
      find: 'rootOf(each) !== root && ',
      replace: 'each !== registry && ',
      tests: WORKSPACES,
    },
  ],
  'src/controllers/policy-blocks.ts': [
    {
      rule: 'S46 registries with one place for their workspaces delete nothing',
      find: 'if (sharer !== undefined) {',
      replace: 'if (sharer === null) {',
      tests: ['src/controllers/policy-blocks.test.ts'],
    },
  ],
  'src/scan/selection.ts': [
    {
      rule: 'S08 what is ours is in no scope',
      find: '&& !isOurs(name)',
      replace: '',
      tests: SELECTION,
    },
    {
      rule: 'S08 nor what lies below it',
      find: '|| name.startsWith(',
      replace: '|| name.endsWith(',
      tests: SELECTION,
    },
    {
      rule: 'S08 what is excluded is out',
      find: '&& !anyMatches(excluded, name)',
      replace: '',
      tests: SELECTION,
    },
  ],
}
