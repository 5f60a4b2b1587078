import { z } from 'zod'
import { duration, globs } from '#crds/fields.ts'

const MAX_PATTERNS = 64
/** Rules of one policy. */
export const MAX_RULES = 64
const MAX_COUNT = 10_000

const kept = (description: string) => z.int().min(1).max(MAX_COUNT).optional().describe(description)

const KeptVersions = z.strictObject({
  newestPerMajor: kept('That many of the highest versions of each major version.'),
  newestPerMinor: kept('That many of the highest versions of each minor version.'),
})

const Keep = z.strictObject({
  newest: kept('That many newest digests of each stream.'),
  beforeInUse: kept('That many digests before each one in use, in its stream.'),
  tags: globs('Tags that match one of these patterns.', MAX_PATTERNS).optional(),
  semver: KeptVersions.optional().describe('Of tags such as 1.4 or v1.4.2, the highest versions.'),
  youngerThan: duration(
    'What was built later than that ago, or of which a scan first saw later than that ago that the tag names it. Absent: 24h.',
    '24h',
  ).optional(),
  inUseWithin: duration(
    'The inventory has to remember what was in use, and to have watched, for that long, or nothing goes. All that it remembers stays in any case.',
    '31d',
  ).optional(),
  all: z.boolean().optional().describe('true keeps everything.'),
})

/** One rule of a RegistryPolicy: see src/retention/rules.ts for what its fields decide. */
export const RetentionRuleSpec = z.strictObject({
  name: z.string().min(1).max(63).describe('Name of the rule, said with each tag that it decides about.'),
  repositories: globs('Repositories that it is about, below the URL of the registry.', MAX_PATTERNS),
  excludeRepositories: globs('Repositories that it is not about all the same.', MAX_PATTERNS).optional(),
  kinds: globs(
    'What it is about: Image for container images, or patterns over the types of artifacts. Absent: Image alone.',
    MAX_PATTERNS,
  ).optional(),
  keep: Keep.describe('A tag stays if one of these holds for it; at least one has to be said.'),
  groupBy: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'Regular expression (RE2) over tags: tags for which its groups hold the same text are one stream, and newest and beforeInUse count within a stream. Absent: all tags of a repository are one.',
    ),
  whenUnused: z
    .enum(['KeepNewest', 'Evict', 'Keep'])
    .optional()
    .describe(
      'What becomes of a repository that nobody uses. KeepNewest (the default): the rule holds, and the newest of each stream stays. Evict: keep.newest does not hold. Keep: everything stays.',
    ),
  evictOrphans: z
    .boolean()
    .optional()
    .describe('true lets go of signatures and the like of which the subject is nowhere in the registry.'),
})

/** At least one: without a rule everything stays. */
export const RetentionRulesSpec = z.array(RetentionRuleSpec).min(1).max(MAX_RULES)
export type RetentionRulesSpec = z.infer<typeof RetentionRulesSpec>
