import { z } from 'zod'
import { cronSchedule } from '#crds/cron-schedule.ts'
import { duration, interval, localRef, suspend, timeZone, withRules } from '#crds/fields.ts'
import { RetentionRulesSpec } from '#crds/retention-rule.ts'

export const POLICY_MODES = ['DryRun', 'Approve', 'Enforce'] as const
export const ON_EVICT = ['Trash', 'Delete'] as const

/** Entries of spec.restore at most. */
export const MAX_RESTORES = 64

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
      .describe(
        'With mode Enforce: tags that go in one run at most, the oldest first; the rest goes in later runs. An approved plan goes whole.',
      ),
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
    .max(512)
    .describe(
      'Pattern over repositories of which something is brought back: below the URL of the registry, or with a name of the registry in front, as status.restorations has it.',
    ),
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
        'What is to be brought back. A tag stays for as long as it is said here, and for 31 days after.',
      ),
    releaseHold: z
      .string()
      .max(64)
      .optional()
      .describe(
        'The token of status.hold where something evicted came into use, or was harmed. It says that a human has looked; it ends that one hold, and is used up by it.',
      ),
    interval: interval(
      'Time between the starts of two plans. Without interval and schedule: 24h.',
      '24h',
    ).optional(),
    schedule: cronSchedule,
    timeZone,
    maxDuration: duration(
      'For how long tags may go after each time of schedule, and after somebody asked for a run: what is left goes in the next window, by the same run. With interval a run pauses after so long, makes a new plan and goes on.',
      '6h',
    ).default('6h'),
    suspend: suspend.describe(
      'true makes no plans and deletes nothing: a run stops between two requests, and goes on afterwards. Conditions stay as they are.',
    ),
  }),
  {
    rule: '!(has(self.schedule) && has(self.interval))',
    message: 'set spec.schedule or spec.interval, not both',
  },
  { rule: '!has(self.timeZone) || has(self.schedule)', message: 'spec.timeZone goes with spec.schedule' },
)
export type RegistryPolicySpec = z.infer<typeof RegistryPolicySpec>
