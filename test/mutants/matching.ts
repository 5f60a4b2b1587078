import type { MutantsByFile } from './mutant.ts'

/** Which images of a registry count as used (S01, S06, S07). */
export const MATCHING_MUTANTS: MutantsByFile = {
  'src/inventory/meant-repositories.ts': [
    {
      rule: 'S06 a mirror of several registries has their hosts in its paths',
      find: '{ host, repository }: Pick',
      replace: '{ repository, repository: host }: Pick',
      tests: ['src/inventory/usage-lookup.test.ts', 'src/scan/used-images.test.ts'],
    },
  ],
  'src/inventory/usage-lookup.ts': [
    {
      rule: 'S06 a text that is no legal reference protects what it seems to mean',
      find: 'if (reference === undefined) this.#addSalvaged(user, salvage(image))',
      replace: 'if (reference === undefined) return',
    },
    {
      rule: 'S06 a path that ends in the path of a repository is used',
      find: "for (const uses of this.#ending.of(repository)) found.take('suspected-alias', uses.of(image))",
      replace: '',
    },
    {
      rule: 'S06 a digest protects in every repository',
      find: "if (digest !== undefined) found.take('digest', this.#digests.of(digest))",
      replace: '',
    },
    {
      rule: 'S06 the digest of a reference protects in every repository',
      find: 'if (reference.digest !== undefined) this.addDigest(user, reference.digest)',
      replace: '',
    },
    {
      rule: 'S06 an alias of the registry',
      find: 'if (located !== undefined) this.#located.add(located.repository, uses)',
      replace: '',
    },
    {
      rule: 'S06 an image named by its id protects every manifest with that config',
      find: 'this.addConfig(user, id.digest)',
      replace: '',
    },
    {
      rule: 'S06 a spoilt tag may mean any tag',
      find: 'meant === undefined || ',
      replace: '',
    },
    {
      rule: 'S06 a spoilt text protects the digest in it',
      find: 'if (digest !== undefined) this.addDigest(user, digest)',
      replace: '',
    },
  ],
  'src/inventory/path-suffixes.ts': [
    { rule: 'S06 every end of a path', find: 'path.slice(start)', replace: 'path' },
  ],
  'src/inventory/image-id.ts': [
    {
      rule: 'S06 a bare digest is that of a config',
      find: "return isDigest(id) ? { kind: 'config', digest: id } : undefined",
      replace: 'return undefined',
    },
    {
      rule: 'S06 the bare hex digits of CRI-O',
      find: 'if (BARE_ID.test(id)) return',
      replace: 'if (false) return',
    },
  ],
  'src/inventory/in-use-index.ts': [
    {
      rule: 'S06 what runs is used by its digest',
      find: 'for (const digest of use.runningDigests) lookup.addDigest(use, digest)',
      replace: '',
    },
    {
      rule: 'S06 what runs is used by its config',
      find: 'for (const digest of use.runningConfigs) lookup.addConfig(use, digest)',
      replace: '',
    },
    {
      rule: 'S02 what was in use lately counts as used',
      find: 'lookup.addImage(each, each.image, each.reference)',
      replace: '',
    },
    {
      rule: 'S02 what ran lately counts as used by its digest',
      find: 'for (const digest of each.digests) lookup.addDigest(each, digest)',
      replace: '',
    },
    {
      rule: 'S02 what ran lately counts as used by its config',
      find: 'for (const digest of each.configs) lookup.addConfig(each, digest)',
      replace: '',
    },
    {
      rule: 'S01 what other installations use',
      find: 'for (const image of images) lookup.addImage({ installation, image }, image, parseReference(image))',
      replace: '',
    },
    {
      rule: 'S01 what runs in other installations',
      find: 'for (const image of digests) lookup.addDigest({ installation, image }, image)',
      replace: '',
    },
    {
      rule: 'S01 what runs in other installations, by its config',
      find: 'for (const image of configs) lookup.addConfig({ installation, image }, image)',
      replace: '',
    },
    {
      rule: 'S01 what other installations pin',
      find: 'for (const { pins, installation } of claims) pinned.add(compilePins(pins), installation)',
      replace: '',
    },
    {
      rule: 'S07 what is pinned',
      find: 'for (const { pins } of snapshots) pinned.add(pins)',
      replace: '',
    },
    {
      rule: 'S07 a pin holds under every name of the registry',
      find: 'const names = [repository, ...spellings(repository, this.#names)]',
      replace: 'const names = [repository]',
    },
  ],
  'src/inventory/claim.ts': [
    {
      rule: 'S01 a claim that was cut is not synced',
      find: 'isWhole && snapshots.length > 0',
      replace: 'snapshots.length > 0',
    },
    {
      rule: 'S01 one inventory that is not synced blocks all',
      find: 'snapshots.every(holds)',
      replace: 'snapshots.some(holds)',
    },
    {
      rule: 'S02 the least coverage counts',
      find: 'Math.min(...snapshots',
      replace: 'Math.max(...snapshots',
    },
  ],
  'src/inventory/pins.ts': [
    { rule: 'S07 the sandbox image is pinned', find: "['**/pause']", replace: '[]' },
    {
      rule: 'S07 a digest that is pinned',
      find: 'if (byDigest !== undefined) return byDigest',
      replace: '',
    },
  ],
}
