import { z } from 'zod'
import {
  cronSchedule,
  duration,
  interval,
  localRef,
  suspend,
  time,
  timeZone,
  withRules,
} from '#crds/fields.ts'
import { AGE, conditionColumn, defineKind } from '#crds/kind.ts'
import { commonStatus } from '#crds/meta.ts'
import { MAX_RULES, RetentionRulesSpec } from '#crds/retention-rule.ts'

export const POLICY_MODES = ['DryRun', 'Approve', 'Enforce'] as const
export const ON_EVICT = ['Trash', 'Delete'] as const

/** How many tags that go, blocks, restorations and runs the status names; its counts speak of all. */
export const EVICTIONS_IN_STATUS = 20
export const BLOCKS_IN_STATUS = 16
export const RESTORATIONS_IN_STATUS = 20
export const RUNS_IN_STATUS = 10

const MAX_RESTORES = 64

const DIGEST_RULE = {
  rule: "self.matches('^sha256:[0-9a-f]{64}$')",
  message: 'must be the digest of a plan as status.plan.digest says it: sha256: and 64 hex digits',
}

const planDigest = (description: string) =>
  withRules(
    z
      .string()
      .max(71)
      .refine((value) => /^sha256:[0-9a-f]{64}$/.test(value), { error: DIGEST_RULE.message })
      .describe(description),
    DIGEST_RULE,
  )

const Limits = z
  .object({
    maxEvictions: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(5_000)
      .describe('Tags that go in one run at most, the oldest first; the rest goes in later runs.'),
    maxEvictionPercent: z
      .int()
      .min(1)
      .max(100)
      .default(50)
      .describe(
        'Of all tags of the registry: where a plan says that more go, nothing does until a human approves it.',
      ),
    minImagesInUse: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10)
      .describe(
        'Distinct images of this registry that have to be in use: where fewer are seen, something is wrong with what is seen, and nothing goes.',
      ),
  })
  .describe('What stops a run. An approval overrides maxEvictions and maxEvictionPercent.')

const Trash = z
  .object({
    retainFor: duration(
      'How long the copy of what was evicted can be brought back. It is purged after that.',
      '31d',
    ).default('31d'),
    gcWindow: duration(
      'How long a copy has to have been there before its source goes: longer than a garbage collection of the registry takes (S18).',
      '24h',
    ).default('24h'),
  })
  .describe('How evicted images are kept with onEvict: Trash.')

const Restore = z.object({
  repository: z
    .string()
    .min(1)
    .max(255)
    .describe('Pattern over repositories of which something is brought back.'),
  tag: z.string().min(1).max(128).optional().describe('Pattern over tags. Absent: all.'),
  run: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Only what this run evicted, as status.history names it. Absent: what any run did.'),
})

export const RegistryPolicySpec = withRules(
  z.object({
    registryRef: localRef('The Registry that the policy is about.'),
    inventoryRef: localRef(
      'The ImageInventory that says which images are in use. What any other one of the operator has in use is kept as well.',
    ),
    mode: z
      .enum(POLICY_MODES)
      .default('DryRun')
      .describe(
        'DryRun: make plans, delete nothing; needs the right to pull. Approve: carry out the plan of spec.approvedPlan. Enforce: carry out what every plan over spec.soak says.',
      ),
    rules: RetentionRulesSpec.describe(
      'What stays. For each tag the first rule that matches decides; what no rule matches stays, and so does what is in use.',
    ),
    approvedPlan: planDigest(
      'The digest of the plan that a human has reviewed, of status.plan.digest. Of that plan goes what still goes by a plan made now, once. With mode DryRun it says nothing.',
    ).optional(),
    approvalValidFor: duration(
      'How long an approved plan can be carried out after a plan was made last that says exactly the same.',
      '72h',
    ).default('72h'),
    soak: duration(
      'With mode Enforce: for how long, and over two plans at least, every plan has to say that a tag goes before it does.',
      '24h',
    ).default('24h'),
    onEvict: z
      .enum(ON_EVICT)
      .default('Trash')
      .describe(
        'Trash: a complete copy is kept in the workspace for trash.retainFor. Delete: only the manifests are kept; it can be brought back until the registry collects its garbage.',
      ),
    trash: Trash.default({ retainFor: '31d', gcWindow: '24h' }),
    evictDamaged: z
      .boolean()
      .default(false)
      .describe('true lets go of images of which content is missing already: nothing can bring those back.'),
    limits: Limits.default({ maxEvictions: 5_000, maxEvictionPercent: 50, minImagesInUse: 10 }),
    restore: z
      .array(Restore)
      .max(MAX_RESTORES)
      .optional()
      .describe(
        'What is to be brought back, and stays for as long as it is said here and 31 days after it was brought back.',
      ),
    releaseHold: z
      .string()
      .max(64)
      .optional()
      .describe(
        'The token that the condition PlanReady shows where something evicted came into use, or was harmed. It says that a human has looked; it ends that one hold, and is used up by it.',
      ),
    interval: interval(
      'Time between the starts of two plans. Without interval and schedule: 24h.',
      '24h',
    ).optional(),
    schedule: cronSchedule,
    timeZone,
    maxDuration: duration(
      'How long after its start a run may delete. What is left goes in the next one.',
      '6h',
    ).default('6h'),
    suspend,
  }),
  {
    rule: '!(has(self.schedule) && has(self.interval))',
    message: 'set spec.schedule or spec.interval, not both',
  },
  { rule: '!has(self.timeZone) || has(self.schedule)', message: 'spec.timeZone goes with spec.schedule' },
)
export type RegistryPolicySpec = z.infer<typeof RegistryPolicySpec>

const PlanStatus = z.object({
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
      'Bytes that nothing refers to any more once all of that is gone. The garbage collection of the registry frees them (S20).',
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
  lostOutside: z
    .int()
    .optional()
    .describe('Tags that were to stay and are gone, without the policy having removed them (S14).'),
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

const Block = z.object({
  code: z.string().max(64).describe('Why, in one word for programs: see docs/retention.md.'),
  message: z.string().max(1024).describe('What is wrong, with figures.'),
  approvable: z.boolean().describe('true: who approves the plan accepts it.'),
})

const Eviction = z.object({
  image: z.string().max(512).describe('repository:tag, below the URL of the registry.'),
  digest: z.string().max(71).describe('What the tag names.'),
  action: z
    .enum(['Untag', 'Evict'])
    .describe('Untag: the digest stays with another tag. Evict: it goes too.'),
  reason: z.string().max(512).describe('Why it goes, for people.'),
  rule: z.string().max(63).optional().describe('The rule that decides about it.'),
})

export const RUN_PHASES = [
  'Copying',
  'WaitingForGarbageCollection',
  'Untagging',
  'Sweeping',
  'Verifying',
  'Succeeded',
  'Partial',
  'Stopped',
  'Superseded',
] as const

const counts = {
  bindings: z.int().describe('Tags that were to go.'),
  untagged: z.int().describe('Tags that are gone.'),
  swept: z.int().describe('Manifests that are gone.'),
  spared: z.int().describe('Tags and manifests that stayed after all: used, moved, or needed by something.'),
}

const Run = z.object({
  id: z.string().max(64).describe('Names the run, and its journals in the workspace.'),
  plan: z.string().max(71).describe('Digest of the plan that it carries out.'),
  cause: z.enum(['Approved', 'Enforced']).describe('Who has said so.'),
  phase: z.enum(RUN_PHASES).describe('What it does, or how it ended.'),
  startedAt: time('When it began.'),
  finishedAt: time('When it ended.').optional(),
  ...counts,
  trashed: z.int().optional().describe('Manifests of which the trash holds a copy.'),
  digests: z.int().optional().describe('Manifests that are to go once no tag names them.'),
  perMinute: z.int().optional().describe('Tags or manifests that went in the last minute of work.'),
  timeLeft: z.string().max(32).optional().describe('How long the stage will take at that rate.'),
  resumesAt: time('When it goes on.').optional(),
  message: z.string().max(1024).optional().describe('What stopped or delays it, and what to do.'),
})

export const RegistryPolicyStatus = z.object({
  ...commonStatus,
  plan: PlanStatus.optional().describe('The last plan.'),
  blocks: z
    .array(Block)
    .max(BLOCKS_IN_STATUS)
    .optional()
    .describe('Why the last plan could not be carried out as it is. Absent: nothing stands against it.'),
  evictions: z
    .array(Eviction)
    .max(EVICTIONS_IN_STATUS)
    .optional()
    .describe('The first tags that go by the last plan. The whole plan is in its report.'),
  run: Run.optional().describe('The run that carries out a plan, or the last one that did.'),
  approval: z
    .object({
      plan: z.string().max(71).describe('The digest in spec.approvedPlan.'),
      state: z
        .enum(['Pending', 'Used', 'Expired', 'Unknown', 'Blocked'])
        .describe(
          'Pending: it will be carried out. Used: it was, once. Expired: the plan is older than spec.approvalValidFor. Unknown: no such plan is kept. Blocked: something stands against it that no approval accepts.',
        ),
      message: z.string().max(1024).describe('Why, and what to do.'),
    })
    .optional()
    .describe('What became of spec.approvedPlan.'),
  garbage: z
    .object({
      sweptBytes: z
        .int()
        .describe(
          'Bytes of what was swept since the policy began: free once the registry has collected its garbage.',
        ),
      message: z.string().max(1024).describe('What is needed to free them.'),
    })
    .optional()
    .describe('What the registry still has to free (S20).'),
  restorations: z
    .array(
      z.object({
        image: z.string().max(512).describe('repository:tag, or repository@digest.'),
        cause: z
          .enum(['Asked', 'InUse'])
          .describe('Asked: spec.restore or an operator command. InUse: it came into use again.'),
        outcome: z
          .enum(['Restored', 'Taken', 'Failed'])
          .describe('Taken: the tag names something else by now.'),
        time: time('When it was tried last.'),
        message: z.string().max(1024).optional().describe('Why it failed, and what to do.'),
      }),
    )
    .max(RESTORATIONS_IN_STATUS)
    .optional()
    .describe('What was brought back lately, or could not be; newest first.'),
  unmatchedRestores: z
    .array(z.string().max(512))
    .max(MAX_RESTORES)
    .optional()
    .describe(
      'Entries of spec.restore that bring nothing back and keep nothing: the policy is not known to have evicted anything that they match, and no such tag is there.',
    ),
  history: z
    .array(
      z.object({
        id: z.string().max(64).describe('Names the run.'),
        plan: z.string().max(71).describe('Digest of the plan.'),
        phase: z.enum(RUN_PHASES).describe('How it ended.'),
        finishedAt: time('When it ended.'),
        ...counts,
      }),
    )
    .max(RUNS_IN_STATUS)
    .optional()
    .describe('The last runs, newest first.'),
})
export type RegistryPolicyStatus = z.infer<typeof RegistryPolicyStatus>

export const RegistryPolicy = defineKind({
  kind: 'RegistryPolicy',
  plural: 'registrypolicies',
  shortNames: ['regpol'],
  description:
    'What of a registry is kept, and what goes: plan, approve, evict, undo. Never an image in use.',
  spec: RegistryPolicySpec,
  status: RegistryPolicyStatus,
  columns: [
    {
      name: 'Registry',
      type: 'string',
      jsonPath: '.spec.registryRef.name',
      description: 'The Registry that the policy is about.',
    },
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'What becomes of a plan.' },
    { name: 'Tags', type: 'integer', jsonPath: '.status.plan.tags', description: 'Tags of the registry.' },
    {
      name: 'Evict',
      type: 'integer',
      jsonPath: '.status.plan.evict',
      description: 'Tags that go with their digest.',
    },
    {
      name: 'Reclaim',
      type: 'string',
      jsonPath: '.status.plan.reclaimable',
      description: 'What becomes unreferenced by that.',
    },
    conditionColumn('Plan-Ready', 'PlanReady', 'Whether there is a plan of what is there now.'),
    {
      name: 'Approval',
      type: 'string',
      jsonPath: '.status.approval.state',
      description: 'What became of spec.approvedPlan: Pending, Used, Expired, Unknown or Blocked.',
    },
    {
      name: 'Run',
      type: 'string',
      jsonPath: '.status.run.phase',
      description: 'What the run does, or how the last one ended.',
    },
    {
      name: 'Untag',
      type: 'integer',
      jsonPath: '.status.plan.untag',
      description: 'Tags that go while their digest stays.',
      priority: 1,
    },
    {
      name: 'Plan',
      type: 'string',
      jsonPath: '.status.plan.digest',
      description: 'The digest of the plan, for spec.approvedPlan.',
      priority: 1,
    },
    {
      name: 'Suspended',
      type: 'boolean',
      jsonPath: '.spec.suspend',
      description: 'Whether it stands still.',
      priority: 1,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="PlanReady")].message',
      description: 'The plan in a sentence.',
      priority: 1,
    },
    {
      name: 'Approval-Message',
      type: 'string',
      jsonPath: '.status.approval.message',
      description: 'Why the approval waits, or what to do instead.',
      priority: 1,
    },
    AGE,
  ],
})
