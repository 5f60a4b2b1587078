import { z } from 'zod'
import { time } from '#crds/fields.ts'
import { commonStatus } from '#crds/meta.ts'
import {
  BLOCKS_IN_STATUS,
  Block,
  EVICTIONS_IN_STATUS,
  Eviction,
  NAMED_IN_STATUS,
  PlanStatus,
} from '#crds/registry-policy-plan.ts'
import { PastRun, RUNS_IN_STATUS, Run } from '#crds/registry-policy-run.ts'
import { MAX_RESTORES } from '#crds/registry-policy-spec.ts'

/** How many restorations the status names, the newest. */
export const RESTORATIONS_IN_STATUS = 20

export const RegistryPolicyStatus = z.object({
  ...commonStatus,
  plan: PlanStatus.optional().describe('The last plan.'),
  nextPlanTime: time(
    'When the next plan is due by spec.interval or spec.schedule; with schedule that is also when the next window opens. A change of the spec, a request (tallyman.dev/requestedAt), the end of a run and what stands against a plan may bring one earlier. Absent: none is due by time, as while the policy is suspended, or while none can be made and it is tried again.',
  ).optional(),
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
  lostOutside: z
    .object({
      time: time('When the registry was read and they were missed.'),
      count: z.int().describe('How many these were.'),
      tags: z
        .array(z.string().max(1024))
        .max(NAMED_IN_STATUS)
        .describe('The first of them as they were pulled, and the digest that each named.'),
    })
    .optional()
    .describe(
      'The last tags that had to stay and were gone, without the policy having removed them: somebody did, or a retention of the product itself (S14).',
    ),
  run: Run.optional().describe('The run that carries out a plan, or the last one that did.'),
  approval: z
    .object({
      plan: z.string().max(71).describe('The digest in spec.approvedPlan.'),
      state: z
        .enum(['Pending', 'Used', 'Expired', 'Unknown', 'Empty', 'Blocked'])
        .describe(
          'Pending: it will be carried out. Used: it was, once. Expired: the plan is older than spec.approvalValidFor. Unknown: no such plan is kept. Empty: nothing goes by it. Blocked: something stands against it that no approval accepts.',
        ),
      message: z.string().max(1024).describe('Why, and what to do.'),
    })
    .optional()
    .describe('What became of spec.approvedPlan.'),
  hold: z
    .object({
      token: z.string().max(64).describe('What spec.releaseHold has to say for the policy to go on.'),
      since: time('When it began.'),
      because: z.string().max(1024).describe('What a human has to look at.'),
      refusedToken: z
        .string()
        .max(64)
        .optional()
        .describe('What spec.releaseHold says instead: it is not the token of this hold, and ends nothing.'),
    })
    .optional()
    .describe('Why nothing goes until a human has looked. Absent: nothing holds the policy.'),
  garbage: z
    .object({
      sweptBytes: z
        .int()
        .describe(
          'Bytes of what was swept since the policy began, as it was swept: also of what came back or was freed since. They are free once the registry has collected its garbage, with onEvict: Trash not before the copies have gone. A manifest counts where the same call of a run has let go of its tags, and a call that the end of its process cuts off counts nothing.',
        ),
      message: z.string().max(1024).describe('What is needed to free them.'),
    })
    .optional()
    .describe('What runs have left for the collection of garbage, and what that needs (S20).'),
  restorations: z
    .array(
      z.object({
        image: z
          .string()
          .max(1024)
          .describe('As it is pulled: host of the registry, repository, and tag or digest.'),
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
    .array(z.string().max(1024))
    .max(MAX_RESTORES)
    .optional()
    .describe(
      'Entries of spec.restore that bring nothing back and keep nothing: the policy is not known to have evicted anything that they match, and no such tag is there.',
    ),
  history: z.array(PastRun).max(RUNS_IN_STATUS).optional().describe('The last runs, newest first.'),
})
export type RegistryPolicyStatus = z.infer<typeof RegistryPolicyStatus>
