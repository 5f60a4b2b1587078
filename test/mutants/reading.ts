import type { MutantsByFile } from './mutant.ts'

/** What objects, users and other installations say that they need, and that what cannot be read of it is stated (S01, S06, S07). */
export const READING_MUTANTS: MutantsByFile = {
  'src/inventory/salvage.ts': [
    { rule: 'S06 what is written in capitals', find: 'segment.toLowerCase()', replace: 'segment' },
    {
      rule: 'S06 a host behind which something is spoilt says nothing',
      find: "host === undefined || repository !== path.join('/') ? {} : { host }",
      replace: 'host === undefined ? {} : { host }',
    },
    {
      rule: 'S06 the digest in a spoilt text',
      find: '...(digest === undefined ? {} : { digest }),',
      replace: '',
    },
  ],
  'src/inventory/keep-annotation.ts': [
    { rule: 'S07 an annotation with an image a line', find: '/[\\s,]+/', replace: '/ *, */' },
  ],
  'src/inventory/pin-file.ts': [
    {
      rule: 'S07 a line that is no pin is stated',
      find: 'else if (invalid.length < MAX_INVALID)',
      replace: 'else if (false)',
    },
  ],
  'src/inventory/pin.ts': [
    {
      rule: 'S07 a pin without a host may be one of Docker Hub',
      find: 'return { text, names: [...new Set([name,',
      replace: 'return { text, names: [name], tag, digest }\n  return { text, names: [...new Set([name,',
    },
  ],
  'src/inventory/helm-release.ts': [
    {
      rule: 'S07 what the hooks of a release pull',
      find: '[release, ...(release?.hooks ?? [])]',
      replace: '[release]',
    },
    {
      rule: 'S07 an image of a release that is spelled in parts',
      find: 'else if (image instanceof Map) this',
      replace: 'else if (false) this',
    },
    {
      rule: 'S07 that a release cannot be read is stated',
      find: 'unreadable: problems.length > 0',
      replace: 'unreadable: false',
    },
  ],
  'src/inventory/image-texts.ts': [
    {
      rule: 'S07 that an object names too many images is stated',
      find: 'else if (!this.#texts.has(bounded)) this.#truncated = true',
      replace: '',
    },
  ],
  'src/inventory/image-rules.ts': [
    {
      rule: 'S07 that an object is too deep to be read is stated',
      find: 'texts.markTruncated()\n  return true',
      replace: 'return true',
    },
    {
      rule: 'S07 that a path has too many values is stated',
      find: 'if (values.length > MAX_TEXTS) texts.markTruncated()',
      replace: '',
    },
    {
      rule: 'S07 a reference that is spelled in parts',
      find: 'if (spelled !== undefined) texts.add(spelled)',
      replace: '',
    },
  ],
  'src/inventory/claim-document.ts': [
    {
      rule: 'S01 the claim of another installation is not the one that is meant',
      find: 'if (claim.installation !== installation) {',
      replace: 'if (false) {',
    },
    { rule: 'S01 a claim that is out of date', find: 'if (ageMs > maxAgeMs) {', replace: 'if (false) {' },
    {
      rule: 'S01 a claim of the future',
      find: 'if (ageMs < -LARGEST_SKEW_MS)',
      replace: 'if (false)',
    },
    {
      rule: 'S01 a claim of who is not synced',
      find: 'if (!claim.synced) return',
      replace: 'if (false) return',
    },
    {
      rule: 'S01 a claim of who is not trusted',
      find: 'if (!claim.trusted) return',
      replace: 'if (false) return',
    },
  ],
}
