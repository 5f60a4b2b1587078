import { z } from 'zod'
import { time } from '#crds/fields.ts'
import { MAX_RULES } from '#crds/retention-rule.ts'

/** How many tags that go, and blocks, the status names; its counts speak of all. */
export const EVICTIONS_IN_STATUS = 20
export const BLOCKS_IN_STATUS = 16
/** The same of digests in use without a tag, and of tags that are gone without the policy. */
export const NAMED_IN_STATUS = 10

/** status.plan: what the last plan says, in figures. */
export const PlanStatus = z.object({
  digest: z
    .string()
    .max(71)
    .describe(
      'Of what goes. It is what spec.approvedPlan names, and the same as long as the same goes by the same rules.',
    ),
  time: time('When the registry was read for it.'),
  repositories: z.int().describe('Repositories of the registry, without the workspaces of Tallyman.'),
  tags: z.int().describe('Tags of these.'),
  keep: z.int().describe('Tags that stay.'),
  untag: z.int().describe('Tags that go while their digest stays with another tag.'),
  evict: z.int().describe('Tags that go with their digest.'),
  digests: z.int().describe('Manifests that tags name and that go, by repository.'),
  reclaimableBytes: z
    .int()
    .describe(
      'Bytes that nothing refers to any more once all of that is gone. The garbage collection of the registry frees them, with onEvict: Trash once the copies in the trash have gone (S20).',
    ),
  reclaimable: z.string().max(32).describe('The same for people.'),
  added: z.int().optional().describe('Tags that go by this plan and did not by the one before.'),
  dropped: z.int().optional().describe('Tags that went by the plan before and do not by this one.'),
  incomplete: z
    .int()
    .optional()
    .describe('Repositories that could not be read in full: everything in them stays.'),
  incompleteBecause: z.string().max(1024).optional().describe('The first of them, and why.'),
  untaggedInUse: z
    .int()
    .optional()
    .describe('Digests in use that no tag names any more: the registry may remove them (S14).'),
  untaggedInUseFirst: z
    .array(z.string().max(1024))
    .max(NAMED_IN_STATUS)
    .optional()
    .describe('The first of them, as they are pulled; `tallyman why` says who uses one.'),
  unmatchedRules: z
    .array(z.string().max(63))
    .max(MAX_RULES)
    .optional()
    .describe(
      'Rules that match no repository of the registry, by name, for a typo or because they are meant for other registries: the rules after them decide.',
    ),
  shadowedRules: z
    .array(z.string().max(63))
    .max(MAX_RULES)
    .optional()
    .describe(
      'Rules that decide about nothing, by name: all that they match is matched by rules before them, which come too early or too wide.',
    ),
  soak: z
    .object({
      waiting: z
        .int()
        .describe('Tags that go by this plan, and wait until every plan over spec.soak has said so.'),
      firstAt: time('When the first of them may go at the earliest, by the plan that comes then.'),
      lastAt: time('The same of the last.'),
    })
    .optional()
    .describe('With mode Enforce: what waits for spec.soak. Absent: nothing does.'),
  report: z
    .object({
      reference: z
        .string()
        .max(1024)
        .optional()
        .describe('The artifact in the workspace of the Registry that holds the whole plan.'),
      time: time('When it was kept.'),
      redacted: z
        .boolean()
        .optional()
        .describe('true: anybody may read there, so it names no workloads, namespaces or clusters.'),
      message: z.string().max(1024).optional().describe('Why the plan is not kept.'),
    })
    .optional()
    .describe('Where the whole plan is kept, if the Registry has a workspace.'),
})

/** What stands against carrying it out. */
export const Block = z.object({
  code: z.string().max(64).describe('Why, in one word for programs: see docs/retention.md.'),
  message: z.string().max(1024).describe('What is wrong, with figures.'),
  approvable: z.boolean().describe('true: who approves the plan accepts it.'),
})

/** A tag that goes by it. */
export const Eviction = z.object({
  image: z.string().max(1024).describe('The tag as it is pulled: host of the registry, repository and tag.'),
  digest: z.string().max(71).describe('What the tag names.'),
  action: z
    .enum(['Untag', 'Evict'])
    .describe('Untag: the digest stays with another tag. Evict: it goes too.'),
  reason: z.string().max(512).describe('Why it goes, for people.'),
  rule: z.string().max(63).optional().describe('The rule that decides about it.'),
})
