import type { MutantsByFile } from './mutant.ts'

const UNTAG = ['src/evict/untag.test.ts']
const SWEEP = ['src/evict/sweep.test.ts']
const PUT_BACK = ['src/evict/put-back.test.ts']
const SAVE = ['src/evict/save.test.ts']
const PLACEHOLDER = ['src/evict/placeholder.test.ts']

/** What is saved of a manifest before it goes, and what gives a tag back what it named (S15-S17). */
export const PUTTING_BACK_MUTANTS: MutantsByFile = {
  'src/evict/hands.ts': [
    {
      rule: 'S43 what it takes to put a tag back is read of the journal, and that it is back is recorded, also where the work was told to stop',
      find: 'journal: hands.journal.withSignal(signal)',
      replace: 'journal: hands.journal',
      tests: PUT_BACK,
    },
  ],
  'src/evict/sample-record.ts': [
    {
      rule: 'S43 also where the journal takes the sample',
      find: 'this.recorded(journal.withSignal(signal))',
      replace: 'this.recorded(journal)',
      tests: PUT_BACK,
    },
  ],
  'src/evict/put-back.ts': [
    {
      rule: 'S43 a tag that went is told of also where that it is back cannot be recorded',
      find: "return { tag, state: 'back', error: asTallymanError(error) }",
      replace: 'throw error',
      tests: UNTAG,
    },
    {
      rule: 'S43 and where it, or another one, cannot be put back',
      find: "return { tag, state: 'failed', error: asTallymanError(error) }",
      replace: 'throw error',
      tests: PUT_BACK,
    },
    {
      rule: 'S43 every one is put back where the journal is away',
      find: "away?.state === 'failed'",
      replace: 'away !== undefined',
      tests: PUT_BACK,
    },
    {
      rule: 'S43 putting back many ends soon where the journal is away',
      find: "if (mute !== undefined) return { tag, state: 'back', error: mute }",
      replace: '',
      tests: PUT_BACK,
    },
    {
      rule: 'S43 it is put back also where the work was told to stop',
      find: 'const urgent = unstoppable(hands)',
      replace: 'const urgent = hands',
      tests: PUT_BACK,
    },
    {
      rule: 'S15 what somebody has pushed is not written over',
      find: 'if (now !== undefined && now !== over) return false',
      replace: '',
      tests: PUT_BACK,
    },
    {
      rule: 'S15 a tag that names nothing gets its manifest back',
      find: 'if (now !== undefined && now !== over) return false',
      replace: 'if (now !== over) return false',
      tests: PUT_BACK,
    },
    {
      rule: 'S15 a tag that was taken stops the run',
      find: "throw new TallymanError('DELETE_TOOK_TAG'",
      replace: "new TallymanError('DELETE_TOOK_TAG'",
      tests: UNTAG,
    },
    {
      rule: 'S15 that it was put back is recorded',
      find: "await hands.journal.append([{ kind: 'restored', at: hands.clock.now(), tag, digest: manifest.digest }])",
      replace: '',
      tests: PUT_BACK,
    },
    {
      rule: 'S15 what could not be put back is said',
      find: '!(await putBack(hands, tag, manifest))',
      replace: '((await putBack(hands, tag, manifest)), false)',
      tests: PUT_BACK,
    },
    {
      rule: 'S16 a tag that names nothing for another reason was not taken by us',
      find: 'dangling.filter((tag) => names.get(tag) === manifest.digest)',
      replace: '[...dangling]',
      tests: PUT_BACK,
    },
    {
      rule: 'S16 a manifest that a tag still names is written again',
      find: 'await put(hands, manifest)\n  const names',
      replace: 'const names',
      tests: SWEEP,
    },
  ],
  'src/evict/save.ts': [
    {
      rule: 'S18 what is damaged could not be brought back',
      find: "if (error.kind === 'damaged' || error.code === 'REGISTRY_MEDIA_TYPE') return 'unreadable'",
      replace: "if (error.kind === 'damaged' || error.code === 'REGISTRY_MEDIA_TYPE') return 'gone'",
      tests: SAVE,
    },
    {
      rule: 'S15 a registry that is away says nothing of a manifest',
      find: 'throw error',
      replace: "return 'gone'",
      tests: SAVE,
    },
    {
      rule: 'S15 no more is held than memory allows',
      find: 'batch.length < most && bytes < MAX_BYTES && ',
      replace: '',
      tests: SAVE,
    },
  ],
  'src/evict/placeholder.ts': [
    {
      rule: 'S17 no runtime takes a placeholder for an image',
      find: 'mediaType: OCI_INDEX, manifests: [],',
      replace: 'mediaType: OCI_INDEX, config: {}, layers: [],',
      tests: PLACEHOLDER,
    },
    {
      rule: 'S17 a placeholder is nobody else’s',
      find: 'annotations: { [NONCE]: nonce }',
      replace: 'annotations: {}',
      tests: PLACEHOLDER,
    },
  ],
  'src/evict/sweep-order.ts': [
    {
      rule: 'S20 an index goes before what it contains',
      find: 'for (const child of children) before.get(child)?.add(digest)',
      replace: '',
    },
    {
      rule: 'S20 a signature goes after its image',
      find: 'if (subject !== undefined && manifests.has(subject)) before.get(digest)?.add(subject)',
      replace: '',
    },
    {
      rule: 'S20 what has two indexes waits for both',
      find: 'if (left === 0) order.push(next)',
      replace: 'if (!order.includes(next)) order.push(next)',
    },
  ],
}
