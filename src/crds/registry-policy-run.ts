import { z } from 'zod'
import { time } from '#crds/fields.ts'

/** How many runs the status names. */
export const RUNS_IN_STATUS = 10

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

/** status.run: what a run does, or how it ended. */
export const Run = z.object({
  id: z.string().max(64).describe('Names the run, and its journals in the workspace.'),
  plan: z.string().max(71).describe('Digest of the plan that it carries out.'),
  cause: z.enum(['Approved', 'Enforced']).describe('Who has said so.'),
  phase: z.enum(RUN_PHASES).describe('What it does, or how it ended.'),
  startedAt: time('When it began.'),
  finishedAt: time('When it ended.').optional(),
  ...counts,
  trashed: z.int().optional().describe('Manifests of which the trash holds a copy.'),
  digests: z.int().optional().describe('Manifests that are to go once no tag names them.'),
  done: z
    .int()
    .optional()
    .describe('While it works: copies, tags, manifests or repositories that are done of the phase.'),
  left: z.int().optional().describe('While it works: how many of them are left of the phase.'),
  perMinute: z.int().optional().describe('While it works: how many of them were done in the last minute.'),
  timeLeft: z.string().max(32).optional().describe('How long the phase will take at that rate.'),
  resumesAt: time('When it goes on.').optional(),
  message: z.string().max(1024).optional().describe('What stopped or delays it, and what to do.'),
})

/** A run that is over, as status.history names it. */
export const PastRun = z.object({
  id: z.string().max(64).describe('Names the run.'),
  plan: z.string().max(71).describe('Digest of the plan.'),
  phase: z.enum(RUN_PHASES).describe('How it ended.'),
  finishedAt: time('When it ended.'),
  ...counts,
})
