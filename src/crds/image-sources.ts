import { z } from 'zod'
import { withRules } from '#crds/fields.ts'

const ifUnavailable = z
  .enum(['Block', 'Report'])
  .default('Block')
  .describe(
    'What follows when it is not installed or may not be read: Block makes the cluster not synced, Report only says so.',
  )

const builtin = (description: string) =>
  z
    .object({
      enabled: z.boolean().default(true).describe('false: nothing is kept because of it.'),
      ifUnavailable,
    })
    .default({ enabled: true, ifUnavailable: 'Block' })
    .describe(description)

const path = (description: string) => z.string().min(1).max(512).describe(description)
const field = (description: string) => z.string().min(1).max(253).optional().describe(description)

export const ImageRuleSpec = withRules(
  z.object({
    path: path('Where references stand, such as `spec.template.spec.containers[*].image`.').optional(),
    join: z
      .object({
        path: path('The objects that hold the parts. Absent: the whole object.').optional(),
        registry: field('Path of the host, from there.'),
        repository: z.string().min(1).max(253).describe('Path of the repository, from there.'),
        tag: field('Path of the tag, from there.'),
        digest: field('Path of the digest, from there.'),
      })
      .optional()
      .describe('References that stand in several fields.'),
    search: z
      .object({
        path: path('Where the search begins. Absent: the whole object.').optional(),
        key: z.string().min(1).max(253).describe('Pattern of the keys whose texts are references.'),
      })
      .optional()
      .describe('References under a key, however deep.'),
    named: z
      .object({
        path: path('The items, such as `spec.template.spec.containers[*].env[*]`.'),
        name: z.string().min(1).max(253).describe('Pattern of the name, such as `RELATED_IMAGE_*`.'),
      })
      .optional()
      .describe('Values of items that have a name and a value.'),
  }),
  {
    rule: '[has(self.path), has(self.join), has(self.search), has(self.named)].filter(x, x).size() == 1',
    message: 'set exactly one of path, join, search and named',
  },
)
export type ImageRuleSpec = z.infer<typeof ImageRuleSpec>

const CustomSource = z.object({
  group: z.string().max(253).default('').describe('API group. Empty: the core group.'),
  version: z.string().min(1).max(63).describe('API version, such as `v1alpha1`.'),
  kind: z.string().min(1).max(63).describe('Kind, such as `Rollout`.'),
  images: z.array(ImageRuleSpec).min(1).max(16).describe('Where its objects name images.'),
  ifUnavailable,
})
export type CustomSource = z.infer<typeof CustomSource>

/** Where images are looked for besides pods, which always count. */
export const imageSources = z
  .object({
    workloads: builtin(
      'Pod templates of Deployments, StatefulSets, DaemonSets, ReplicaSets, ReplicationControllers, Jobs and CronJobs, also where they are scaled to zero or suspended.',
    ),
    rolloutHistory: builtin('What a rollback would pull: old ReplicaSets and ControllerRevisions.'),
    nodes: builtin(
      'What nodes cache. An image that a node has counts as in use; that none has it proves nothing.',
    ),
    helmReleases: z
      .object({
        namespaces: z
          .array(z.string().min(1).max(63))
          .min(1)
          .max(64)
          .describe('Namespaces whose release Secrets are read. Each needs the Role tallyman-helm-releases.'),
        ifUnavailable,
      })
      .optional()
      .describe(
        'What a Helm rollback would pull. Off unless it is set, because Secrets must be listed for it.',
      ),
    custom: z.array(CustomSource).max(32).optional().describe('Other kinds that name images.'),
  })
  .default({
    workloads: { enabled: true, ifUnavailable: 'Block' },
    rolloutHistory: { enabled: true, ifUnavailable: 'Block' },
    nodes: { enabled: true, ifUnavailable: 'Block' },
  })
  .describe('Where images are looked for. Pods always are.')
