import { z } from 'zod'
import { time } from '#crds/fields.ts'

export const GROUP = 'tallyman.dev'
export const VERSION = 'v1alpha1'

/** `kubectl annotate registrycheck main tallyman.dev/requestedAt=$(date +%s) --overwrite` runs it at once. */
export const REQUESTED_AT = `${GROUP}/requestedAt`

/** A status condition as the API conventions want it; `observedGeneration` is set on every one of ours. */
export const Condition = z.object({
  type: z.string().max(316).describe('What is spoken about; unique in the list.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds; Unknown: nobody can tell.'),
  reason: z.string().max(1024).describe('Why, in one word for programs: see the reference of conditions.'),
  message: z.string().max(32768).describe('Why, in a sentence for people.'),
  observedGeneration: z
    .int()
    .optional()
    .describe('The generation of the spec that the condition speaks about.'),
  lastTransitionTime: time('When status changed for the last time.'),
})
export type Condition = z.infer<typeof Condition>

export const Conditions = z
  .array(Condition)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })

/** What the status of every kind has. */
export const commonStatus = {
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks about.'),
  conditions: Conditions.optional().describe(
    'Ready, Reconciling and Stalled follow kstatus; the verdict of the kind stands beside them.',
  ),
  lastHandledReconcileAt: z
    .string()
    .max(256)
    .optional()
    .describe(`The last value of the annotation ${REQUESTED_AT} that was acted on.`),
}
