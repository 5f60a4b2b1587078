import { z } from 'zod'
import { suspend } from '#crds/fields.ts'
import { AGE, conditionColumn, defineKind } from '#crds/kind.ts'
import { commonStatus } from '#crds/meta.ts'

export const ImageInventorySpec = z.object({ suspend })
export type ImageInventorySpec = z.infer<typeof ImageInventorySpec>

const ClusterStatus = z.object({
  name: z.string().max(253),
  synced: z.boolean(),
  pods: z.int().describe('Pods that are held.'),
  message: z.string().max(1024).optional().describe('Why the cluster is not synced.'),
})

/** How many unmatched hosts the status names; unmatchedImages speaks of all. */
export const UNMATCHED_HOSTS_IN_STATUS = 20

const UnmatchedHost = z.object({ host: z.string().max(255), images: z.int() })

export const ImageInventoryStatus = z.object({
  ...commonStatus,
  clusters: z.array(ClusterStatus).max(64).optional(),
  clustersTotal: z.int().optional(),
  images: z.int().optional().describe('Distinct image references in use.'),
  pods: z.int().optional(),
  unparsable: z
    .int()
    .optional()
    .describe('References that are no legal image reference. They count as in use.'),
  unmatchedHosts: z
    .array(UnmatchedHost)
    .max(UNMATCHED_HOSTS_IN_STATUS)
    .optional()
    .describe('Hosts of images in use that no Registry of this namespace has, most images first (S22).'),
  unmatchedImages: z.int().optional(),
})
export type ImageInventoryStatus = z.infer<typeof ImageInventoryStatus>

export const ImageInventory = defineKind({
  kind: 'ImageInventory',
  plural: 'imageinventories',
  shortNames: ['inv'],
  description: 'The live list of images in use: those of the pods of the cluster that the operator runs in.',
  spec: ImageInventorySpec,
  status: ImageInventoryStatus,
  columns: [
    {
      name: 'Clusters',
      type: 'integer',
      jsonPath: '.status.clustersTotal',
      description: 'Clusters that are watched.',
    },
    conditionColumn('Synced', 'Synced', 'Whether the list is complete and live.'),
    {
      name: 'Images',
      type: 'integer',
      jsonPath: '.status.images',
      description: 'Distinct image references in use.',
    },
    {
      name: 'Pods',
      type: 'integer',
      jsonPath: '.status.pods',
      description: 'Pods that are held.',
      priority: 1,
    },
    conditionColumn('Ready', 'Ready', 'Whether the spec can be worked on.', 1),
    AGE,
  ],
})
