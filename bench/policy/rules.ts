import type { RetentionRule } from '#retention/rules.ts'

/** As the example of docs/registrypolicy.md has them. */
export const RULES: readonly RetentionRule[] = [
  { name: 'base-images', repositories: ['**/*-base-image'], keep: { tags: ['**'] } },
  {
    name: 'everything-else',
    repositories: ['**'],
    keep: { newest: 3, beforeInUse: 2, youngerThan: '24h', inUseWithin: '31d' },
  },
]
