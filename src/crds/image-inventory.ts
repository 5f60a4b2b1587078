import { z } from 'zod'
import { duration, localRef, suspend, time, withRules } from '#crds/fields.ts'
import { imageSources } from '#crds/image-sources.ts'
import { AGE, conditionColumn, defineKind } from '#crds/kind.ts'
import { commonStatus } from '#crds/meta.ts'

/** The cluster that the operator runs in, where spec.clusters names none. */
export const LOCAL_CLUSTER = 'local'

const clusterName = withRules(z.string().min(1).max(63), {
  rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
  message: 'must be a name of lower case letters, digits and -',
}).describe('Unique in this inventory. It stands in users, findings and metrics.')

const identity = withRules(z.string().min(1).max(64), {
  rule: "self.matches('^[A-Za-z0-9-]+$')",
  message:
    'must be the UID of a kube-system namespace: kubectl get namespace kube-system -o jsonpath={.metadata.uid}',
})

const Cluster = withRules(
  z.object({
    name: clusterName,
    kubeconfigRef: z
      .object({
        name: localRef('').shape.name.describe('Name of the Secret, in the same namespace.'),
        key: z.string().min(1).max(253).default('kubeconfig').describe('Its key that holds the kubeconfig.'),
      })
      .optional()
      .describe(
        'A Secret with a kubeconfig. Certificates and tokens lie in it as data: programs and file names are refused. Absent: the cluster that the operator runs in.',
      ),
    context: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('Which context of the kubeconfig. Absent: its current one.'),
    contexts: z
      .array(z.string().min(1).max(253))
      .min(1)
      .max(64)
      .optional()
      .describe(
        'Patterns in place of context: every context that matches one is a cluster of its own, named `name/context`.',
      ),
    required: z
      .boolean()
      .default(true)
      .describe('false: its absence blocks nothing. What it used last stays in use until it is released.'),
    identity: identity
      .optional()
      .describe('UID of its kube-system namespace. Pins the cluster, or accepts that it has become another.'),
    floor: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10)
      .describe('With fewer distinct images in live use the list is not trusted.'),
    maxShrinkPercent: z
      .int()
      .min(1)
      .max(100)
      .default(50)
      .describe(
        'When more of its live images vanish than this, the list is not trusted until a human accepts it.',
      ),
    acceptShrink: z
      .string()
      .max(64)
      .optional()
      .describe('The token that the status shows for a shrink. It accepts that one, and is used up by it.'),
  }),
  {
    rule: '!(has(self.context) && has(self.contexts))',
    message: 'set one of context and contexts, not both',
  },
  {
    rule: 'has(self.kubeconfigRef) || !(has(self.context) || has(self.contexts))',
    message: 'context and contexts speak about a kubeconfig: set kubeconfigRef',
  },
  {
    rule: '!(has(self.contexts) && has(self.identity))',
    message: 'identity speaks about one cluster: use context, with an entry for each cluster',
  },
)

const Pins = z
  .object({
    patterns: z
      .array(
        withRules(z.string().min(1).max(512), {
          rule: "!self.contains(' ') && !self.contains('@')",
          message: 'must be a pattern such as base/** or **/pause:3.*, without a digest',
        }),
      )
      .max(256)
      .optional()
      .describe('Patterns over host/repository, with :tag where only some tags are meant.'),
    configMaps: z
      .array(
        z.object({ name: localRef('').shape.name.describe('Name of the ConfigMap, in the same namespace.') }),
      )
      .max(16)
      .optional()
      .describe(
        'ConfigMaps that CI or GitOps writes: one reference or pattern a line, # begins a comment. One that can not be read blocks deletion.',
      ),
    withoutDefaults: z
      .boolean()
      .default(false)
      .describe(
        'true leaves out what is pinned without being named: `**/pause`, the image that every pod of a node needs.',
      ),
  })
  .default({ withoutDefaults: false })
  .describe('What is needed although no object of a cluster names it.')

export const ImageInventorySpec = z.object({
  clusters: withRules(z.array(Cluster).min(1).max(64), {
    rule: 'self.all(a, self.exists_one(b, b.name == a.name))',
    message: 'names of clusters must be unique',
  })
    .default([{ name: LOCAL_CLUSTER, required: true, floor: 10, maxShrinkPercent: 50 }])
    .describe('Absent: the cluster that the operator runs in, as `local`.'),
  acknowledgeDuplicates: z
    .array(z.string().min(1).max(317))
    .max(64)
    .optional()
    .describe('Names of clusters that reach one that is watched under another name already.'),
  releaseClusters: z
    .array(identity)
    .max(64)
    .optional()
    .describe('Identities of clusters that are gone: what they used last no longer counts as in use.'),
  retain: duration(
    'How long an image counts as in use after it was last seen, in time during which its cluster was watched.',
    '31d',
  ).default('31d'),
  sources: imageSources,
  pins: Pins,
  suspend,
})
export type ImageInventorySpec = z.infer<typeof ImageInventorySpec>

const SourceStatus = z.object({
  name: z.string().max(317).describe('What is watched.'),
  state: z
    .enum(['Synced', 'Listing', 'Broken', 'Forbidden', 'NotInstalled'])
    .describe('How it stands with it.'),
  message: z.string().max(1024).optional().describe('Why it is not synced, and what to do.'),
})

const ClusterStatus = z.object({
  name: z.string().max(317).describe('As in the spec; name/context where the spec has contexts.'),
  identity: z.string().max(64).optional().describe('UID of its kube-system namespace.'),
  synced: z.boolean().describe('Everything that must be watched is complete and live.'),
  trusted: z.boolean().describe('What is synced is good enough to delete by.'),
  message: z.string().max(1024).optional().describe('Why it is not synced or not trusted, and what to do.'),
  images: z.int().optional().describe('Distinct images that live objects use.'),
  pods: z.int().describe('Pods that are held.'),
  coveredSince: time('Since when it has been watched without a gap.').optional(),
  sources: z.array(SourceStatus).max(64).optional().describe('The sources that are not synced.'),
})

const FrozenStatus = z.object({
  name: z.string().max(600).describe('Its last name.'),
  identity: z.string().max(64).describe('What spec.releaseClusters takes.'),
  images: z.int().describe('Images that stay in use because of it.'),
  watchedUntil: time('When it was watched last.'),
})

/** How many unmatched hosts and suspected aliases the status names; the counts speak of all. */
export const UNMATCHED_HOSTS_IN_STATUS = 20

const UnmatchedHost = z.object({
  host: z.string().max(255).describe('A host that images in use name.'),
  images: z.int().describe('How many images.'),
})

const SuspectedAlias = z.object({
  host: z.string().max(255).describe('The host that pods write.'),
  prefix: z.string().max(255).optional().describe('What stands before the repository.'),
  registry: z.string().max(253).describe('The Registry that seems to be meant.'),
  images: z.int().describe('How many images.'),
  example: z.string().max(1024).describe('One of them.'),
})

export const ImageInventoryStatus = z.object({
  ...commonStatus,
  clusters: z
    .array(ClusterStatus)
    .max(64)
    .optional()
    .describe('The first 64 clusters; those with a problem come first.'),
  clustersTotal: z.int().optional().describe('Clusters that the spec names.'),
  clustersSynced: z.int().optional().describe('How many of them are synced.'),
  clustersSummary: z.string().max(32).optional().describe('Synced of all.'),
  frozen: z
    .array(FrozenStatus)
    .max(64)
    .optional()
    .describe(
      'Clusters that are no longer watched. What they used last stays in use until they are released.',
    ),
  images: z.int().optional().describe('Distinct image references in use by live objects.'),
  remembered: z
    .int()
    .optional()
    .describe('Image references that nothing uses now, and that count because they were used lately.'),
  pods: z.int().optional().describe('Pods that are held.'),
  coveredSince: time('Since when every required cluster has been watched without a gap.').optional(),
  unparsable: z
    .int()
    .optional()
    .describe('References that are no legal image reference. They count as in use.'),
  unmatchedHosts: z
    .array(UnmatchedHost)
    .max(UNMATCHED_HOSTS_IN_STATUS)
    .optional()
    .describe('Hosts of images in use that no Registry of this namespace has, most images first (S22).'),
  unmatchedImages: z.int().optional().describe('Images of hosts that no Registry of this namespace has.'),
  suspectedAliases: z
    .array(SuspectedAlias)
    .max(UNMATCHED_HOSTS_IN_STATUS)
    .optional()
    .describe(
      'Names under which a Registry of this namespace seems to be used and that its aliases do not have (S06).',
    ),
})
export type ImageInventoryStatus = z.infer<typeof ImageInventoryStatus>

export const ImageInventory = defineKind({
  kind: 'ImageInventory',
  plural: 'imageinventories',
  shortNames: ['inv'],
  description: 'The live list of the images that any cluster may need.',
  spec: ImageInventorySpec,
  status: ImageInventoryStatus,
  columns: [
    {
      name: 'Clusters',
      type: 'string',
      jsonPath: '.status.clustersSummary',
      description: 'Clusters that are synced, of those that the spec names.',
    },
    conditionColumn('Synced', 'Synced', 'Whether the list is complete and live.'),
    {
      name: 'Images',
      type: 'integer',
      jsonPath: '.status.images',
      description: 'Distinct image references in use.',
    },
    {
      name: 'Coverage',
      type: 'date',
      jsonPath: '.status.coveredSince',
      description: 'For how long every required cluster has been watched without a gap.',
    },
    conditionColumn('Trusted', 'Trusted', 'Whether the list is good enough to delete by.', 1),
    {
      name: 'Remembered',
      type: 'integer',
      jsonPath: '.status.remembered',
      description: 'Images that count because they were used lately.',
      priority: 1,
    },
    {
      name: 'Pods',
      type: 'integer',
      jsonPath: '.status.pods',
      description: 'Pods that are held.',
      priority: 1,
    },
    conditionColumn('Ready', 'Ready', 'Whether the spec can be worked on.', 1),
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Synced")].message',
      description: 'Why it is synced, or why not.',
      priority: 1,
    },
    AGE,
  ],
})
