import { z } from 'zod'
import { FINDING_CODES, type FindingCode, SEVERITIES } from '#catalogue/finding-codes.ts'
import { cronSchedule } from '#crds/cron-schedule.ts'
import { duration, globs, interval, localRef, suspend, time, timeZone, withRules } from '#crds/fields.ts'
import { impossibleGlob, type NameAlphabet, REPOSITORY_NAMES, TAGS } from '#crds/glob.ts'
import { conditionColumn, defineKind } from '#crds/kind.ts'
import { commonStatus } from '#crds/meta.ts'

export const FindingCodeField = z.enum(Object.keys(FINDING_CODES) as [FindingCode, ...FindingCode[]])
export const SeverityField = z.enum(SEVERITIES)

/** How many findings the status carries; the counts speak of all of them. */
export const FINDINGS_IN_STATUS = 20

export const SeverityRule = z.object({
  namespaces: globs('Patterns over namespaces that use the image.', 32),
  level: SeverityField.describe('How bad it is for them.'),
})

export const IgnoreRule = z.object({
  image: z.string().min(1).max(512).describe('Pattern over the image as workloads write it.'),
  code: FindingCodeField.optional().describe('Absent: every code.'),
  until: time('From then on the finding counts again.'),
  reason: z.string().min(1).max(512).describe('Why it is accepted; for those who read the spec.'),
})

/** Patterns over names: one that can match nothing, such as `v[0-9]`, is a mistake. */
function nameGlobs(description: string, names: NameAlphabet) {
  const pattern = z
    .string()
    .min(1)
    .max(256)
    .refine((text) => impossibleGlob(text, names) === undefined, {
      error: ({ input }) => impossibleGlob(String(input), names) ?? '',
    })
  return z.array(pattern).min(1).max(256).describe(description)
}

export const Select = z
  .object({
    repositories: nameGlobs(
      'Patterns over repositories below spec.url of the Registry. Absent: all.',
      REPOSITORY_NAMES,
    ).optional(),
    excludeRepositories: nameGlobs(
      'Patterns over repositories that are left out all the same.',
      REPOSITORY_NAMES,
    ).optional(),
    tags: nameGlobs(
      'Patterns over tags. Absent: all. Images that workloads name by digest alone are not asked.',
      TAGS,
    ).optional(),
    excludeTags: nameGlobs('Patterns over tags that are left out all the same.', TAGS).optional(),
    maxAge: duration(
      'Only for scope All: tags that nobody uses, and whose image was built longer ago, are left out. An image that does not say when it was built is looked at.',
      '90d',
    ).optional(),
  })
  .describe('What is in scope, of what scope says.')

/** How content is read where spec.content says nothing. */
export const CONTENT_CYCLE = '7d'
export const CONTENT_BYTES_PER_SECOND = 20_971_520

export const ContentReading = z
  .object({
    cycle: duration(
      'Every byte is read and hashed once in this time, spread evenly over the runs.',
      '7d',
    ).default(CONTENT_CYCLE),
    bytesPerSecond: z
      .int()
      .min(65_536)
      .max(10_737_418_240)
      .default(CONTENT_BYTES_PER_SECOND)
      .describe('How much is read in a second at most, of all blobs together.'),
  })
  .describe('How content is read at depth Content.')

export const REPAIR_MODES = ['DryRun', 'Copy'] as const

export const Repair = z
  .object({
    fromRef: localRef('The Registry that may still have the images, in the same repositories below its URL.'),
    mode: z
      .enum(REPAIR_MODES)
      .default('DryRun')
      .describe(
        'DryRun: say what would be copied. Copy: copy it, with credentials.push of the Registry in registryRef.',
      ),
    limit: z.int().min(1).max(1_000).default(50).describe('Images in one run at most.'),
  })
  .describe(
    'Copies images in use that are missing, or lack a part, back from another registry: exactly the digest that they had, and never over a tag that names something.',
  )

export const REPAIR_OUTCOMES = ['Repaired', 'WouldRepair', 'NotFound', 'Impossible', 'Failed'] as const

/** How many repairs the status names; its counts speak of all. */
export const REPAIRS_IN_STATUS = 10

const RepairStatus = z.object({
  time: time('When it was tried last.'),
  mode: z.enum(REPAIR_MODES).describe('The mode it was tried in.'),
  repaired: z.int().describe('Images that were copied back.'),
  wouldRepair: z.int().describe('Images that mode Copy would copy back.'),
  failed: z
    .int()
    .describe('Images that could not be: not there either, of an unknown digest, or beyond an upload.'),
  images: z
    .array(
      z.object({
        image: z.string().max(1024).describe('The image as workloads write it.'),
        outcome: z
          .enum(REPAIR_OUTCOMES)
          .describe(
            'NotFound: the other registry does not have it. Impossible: the registry keeps the damaged file.',
          ),
        message: z.string().max(1024).describe('What was copied, or why not and what to do.'),
      }),
    )
    .max(REPAIRS_IN_STATUS)
    .describe('The first of them, those that failed first.'),
  message: z.string().max(1024).optional().describe('Why nothing could be tried.'),
})

export const RegistryCheckSpec = withRules(
  z.object({
    registryRef: localRef('The Registry whose images are checked.'),
    inventoryRef: localRef('The ImageInventory that says which images are in use.'),
    scope: z
      .enum(['InUse', 'All'])
      .default('InUse')
      .describe(
        'InUse: the images that workloads use. All: these, and every other tag of every repository of the registry.',
      ),
    select: Select.optional(),
    depth: z
      .enum(['Manifest', 'Blobs', 'Content'])
      .default('Blobs')
      .describe(
        'Manifest: tag, manifest and the manifests of all platforms. Blobs: also the config and the last byte of every layer. Content: also every byte, in the course of content.cycle.',
      ),
    content: ContentReading.optional(),
    evidenceMaxAge: duration(
      'How old the proof may be that a blob, or the bytes of a manifest, are there. Tags are asked for in every run, and what is wrong is proven anew in every run.',
      '6h',
    ).default('6h'),
    platforms: z
      .enum(['All', 'Nodes'])
      .default('All')
      .describe(
        'Which manifests of a multi-platform image are looked at. All: those that no node can run give findings of severity Info. Nodes: only those for platforms that nodes of the clusters have.',
      ),
    referrers: z
      .boolean()
      .default(false)
      .describe(
        'true: what refers to an image in scope (signatures, attestations, SBOMs; by the referrers API, its fallback tag and the tags of cosign) is looked at too, as closely as images.',
      ),
    referrerSeverity: SeverityField.default('Info').describe(
      'How bad it is that a referrer of an image in use is missing or damaged. No pull fails for it; an admission controller that verifies signatures refuses the pod.',
    ),
    credentials: z
      .enum(['Registry', 'Pod'])
      .default('Registry')
      .describe(
        'Registry: what spec.credentials.pull of the Registry may see. Pod: each image in use is also asked for with the pull secrets that its pods, or their ServiceAccounts, name; needs the ClusterRole tallyman-pull-secrets in their namespaces.',
      ),
    interval: interval(
      'Time between the starts of two runs. Without interval and schedule: 15m.',
      '15m',
    ).optional(),
    schedule: cronSchedule,
    timeZone,
    timeout: duration('How long one run may take.', '1h').default('1h'),
    severity: z
      .array(SeverityRule)
      .max(32)
      .optional()
      .describe(
        'How bad it is that an image cannot be pulled, by who uses it. The first match wins; without one: Warning.',
      ),
    ignore: z.array(IgnoreRule).max(256).optional().describe('Known findings that are accepted for a time.'),
    imageMetrics: z
      .boolean()
      .default(false)
      .describe(
        'Export a series of tallyman_check_image_info for each finding, with the image as a label; a thousand at most.',
      ),
    repair: Repair.optional(),
    suspend,
  }),
  {
    rule: '!(has(self.schedule) && has(self.interval))',
    message: 'set spec.schedule or spec.interval, not both',
  },
  { rule: '!has(self.timeZone) || has(self.schedule)', message: 'spec.timeZone goes with spec.schedule' },
  {
    rule: "!has(self.content) || self.depth == 'Content'",
    message: 'spec.content goes with spec.depth: Content',
  },
  {
    rule: "!has(self.select) || !has(self.select.maxAge) || self.scope == 'All'",
    message: 'spec.select.maxAge goes with spec.scope: All: what is in use is looked at however old it is',
  },
)
export type RegistryCheckSpec = z.infer<typeof RegistryCheckSpec>

export const FindingStatus = z.object({
  image: z.string().max(1024).describe('The image as workloads write it.'),
  code: FindingCodeField.describe('What is wrong: see the reference of findings.'),
  severity: SeverityField.describe('How bad it is, by spec.severity.'),
  platform: z
    .string()
    .max(128)
    .optional()
    .describe('os/architecture of the manifest in the index that it is about. Absent: the whole image.'),
  message: z.string().max(1024).describe('What was asked for, and what the registry answered.'),
  usedBy: z.array(z.string().max(512)).max(5).describe('cluster/namespace/kind/name, the first few.'),
  pods: z.int().describe('Pods that run the image.'),
  pullFailures: z
    .int()
    .optional()
    .describe('Pods that wait for the image and cannot pull it, at this moment.'),
  cachedOnNodes: z
    .int()
    .optional()
    .describe('Nodes that still have it: pods there run on, and fail when they are rescheduled elsewhere.'),
  firstSeen: time('The run that found it first, of those without a break up to now.'),
})
export type FindingStatus = z.infer<typeof FindingStatus>

const FindingCount = z.object({
  code: FindingCodeField.describe('What is wrong.'),
  severity: SeverityField.describe('How bad it is.'),
  count: z.int().describe('Findings of this code and severity.'),
})

export const RegistryCheckStatus = z.object({
  ...commonStatus,
  run: z
    .object({
      startedAt: time('When it began.'),
      finishedAt: time('When it had looked at everything.'),
      durationSeconds: z.int().describe('From one to the other, in whole seconds.'),
    })
    .optional()
    .describe('The last complete run: what the findings below are from.'),
  images: z
    .object({
      total: z.int().describe('Images in scope.'),
      healthy: z.int().describe('Can be pulled.'),
      unhealthy: z.int().describe('Cannot be pulled.'),
      unknown: z.int().describe('Could not be examined.'),
      inUse: z.int().optional().describe('Those of all that workloads use.'),
    })
    .optional()
    .describe('Images of the registry in scope, by what the last complete run saw.'),
  oldestEvidence: time(
    'When the oldest proof was made that the last complete run stands on (S26).',
  ).optional(),
  content: z
    .object({
      blobs: z.int().describe('Distinct blobs of the images in scope, by repository.'),
      read: z.int().describe('Those that were read to the last byte within content.cycle.'),
    })
    .optional()
    .describe('At depth Content: how far the reading has come.'),
  severity: z
    .enum(['None', ...SEVERITIES])
    .optional()
    .describe('The worst severity of all findings.'),
  findingCounts: z.array(FindingCount).max(64).optional().describe('All findings, by code and severity.'),
  findings: z
    .array(FindingStatus)
    .max(FINDINGS_IN_STATUS)
    .optional()
    .describe('The first findings, worst first. findingCounts speaks of all.'),
  findingsTruncated: z
    .boolean()
    .optional()
    .describe('true when there are more findings than the status shows.'),
  pullSecrets: z
    .object({
      workloads: z.int().describe('Workloads whose pull secrets were tried.'),
      unread: z.int().describe('Workloads whose pull secrets could not be read, or that were too many.'),
      message: z.string().max(1024).optional().describe('Why, and what to do.'),
    })
    .optional()
    .describe('With credentials: Pod, what the last run could try.'),
  repair: RepairStatus.optional().describe(
    'What came of spec.repair, when a run found something to repair last.',
  ),
  report: z
    .object({
      reference: z
        .string()
        .max(1024)
        .optional()
        .describe('The artifact in the workspace of the Registry that holds the whole report.'),
      time: time('When it was kept: a run that finds the same keeps no other.'),
      finishedAt: time(
        'End of the last run that it speaks of: it is that of status.run, unless the last report is not kept (yet).',
      ).optional(),
      redacted: z
        .boolean()
        .optional()
        .describe('true: anybody may read there, so it names no workloads, namespaces, clusters or nodes.'),
      message: z.string().max(1024).optional().describe('Why the report is not kept.'),
    })
    .optional()
    .describe('Where the whole report is kept, if the Registry has a workspace.'),
  ignored: z.int().optional().describe('Findings that spec.ignore accepts.'),
  unmatchedImages: z.int().optional().describe('Images in use that belong to another registry.'),
})
export type RegistryCheckStatus = z.infer<typeof RegistryCheckStatus>

export const RegistryCheck = defineKind({
  kind: 'RegistryCheck',
  plural: 'registrychecks',
  shortNames: ['regcheck'],
  description: 'Health of images, those in use first: found before a pod has to be rescheduled.',
  spec: RegistryCheckSpec,
  status: RegistryCheckStatus,
  columns: [
    {
      name: 'Registry',
      type: 'string',
      jsonPath: '.spec.registryRef.name',
      description: 'The Registry that is checked.',
    },
    { name: 'Scope', type: 'string', jsonPath: '.spec.scope', description: 'Which images are checked.' },
    { name: 'Images', type: 'integer', jsonPath: '.status.images.total', description: 'Images in scope.' },
    {
      name: 'Unhealthy',
      type: 'integer',
      jsonPath: '.status.images.unhealthy',
      description: 'Images that cannot be pulled.',
    },
    { name: 'Severity', type: 'string', jsonPath: '.status.severity', description: 'The worst severity.' },
    {
      name: 'Last-Check',
      type: 'date',
      jsonPath: '.status.run.finishedAt',
      description: 'End of the last complete run.',
    },
    conditionColumn('Healthy', 'Healthy', 'The verdict.'),
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Healthy")].message',
      description: 'The verdict in a sentence.',
      priority: 1,
    },
  ],
})
