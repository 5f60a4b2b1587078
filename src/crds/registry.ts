import { z } from 'zod'
import { duration, httpUrl, interval, localRef, suspend, withRules } from '#crds/fields.ts'
import { AGE, conditionColumn, defineKind } from '#crds/kind.ts'
import { commonStatus } from '#crds/meta.ts'

const hostRule = {
  rule: "!self.contains('/') && self.matches('^[A-Za-z0-9.:_\\\\[\\\\]-]+$')",
  message: 'must be a host, with :port where pods write one, and without scheme or path',
}

export const RegistryAlias = z.object({
  host: withRules(z.string().min(1).max(255), hostRule).describe(
    'The host that pods write, with port where they write one.',
  ),
  prefix: z
    .string()
    .max(255)
    .optional()
    .describe('Only references whose repository starts with this path are meant, such as `proxy/main`.'),
  replaceWith: z
    .string()
    .max(255)
    .optional()
    .describe('What stands in place of the prefix in this registry. Absent: the prefix is cut off.'),
})
export type RegistryAlias = z.infer<typeof RegistryAlias>

const Credential = z.object({
  secretRef: localRef(
    'A Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/basic-auth in the same namespace.',
  ),
})

const Workspace = z
  .object({
    registryRef: localRef('Another Registry that holds it. Absent: this one.').optional(),
    prefix: withRules(z.string().min(1).max(128), {
      rule: "self.matches('^[a-z0-9]+((\\\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\\\.|_|__|-+)[a-z0-9]+)*)*$')",
      message: 'must be the beginning of a repository name: lower case letters, digits, . _ - and /',
    })
      .default('tallyman')
      .describe(
        'What the repositories of the workspace begin with: one of its own for each installation, and for each registry where several keep theirs in one. What lies below it is in the scope of no check.',
      ),
  })
  .describe(
    'Where reports are kept as OCI artifacts, the last 10 of each check. They are written with credentials.push of the Registry that holds it. Absent: they live in the pod that made them.',
  )

export const PLACEHOLDER_USES = ['Auto', 'Allowed', 'Forbidden'] as const

const Deletion = z
  .object({
    placeholder: z
      .enum(PLACEHOLDER_USES)
      .default('Auto')
      .describe(
        'Whether a placeholder may be written over tags that go, where the registry cannot delete a tag by its name. Auto: where it is distribution 2.x, and nowhere else.',
      ),
    requestLimit: duration(
      'How long one DELETE may take, safely less than any proxy before the registry lets it.',
      '60s',
    ).default('60s'),
  })
  .describe('How a RegistryPolicy deletes there.')

export const RegistrySpec = withRules(
  z.object({
    url: httpUrl(
      'Where the registry answers. A path is a prefix of every repository.',
      'https://registry.example.com',
    ).optional(),
    serviceRef: z
      .object({
        name: localRef('').shape.name.describe('Name of a Service in the same namespace.'),
        port: z.int().min(1).max(65535).describe('Port of the Service.'),
        scheme: z.enum(['https', 'http']).default('https').describe('What the port speaks.'),
      })
      .optional()
      .describe('A registry that runs in this cluster, in place of url.'),
    aliases: z
      .array(RegistryAlias)
      .max(64)
      .optional()
      .describe(
        'Every other name that pods use for this registry: mirrors, proxies, pull-through paths, old host names. Repositories of one path segment are known under another name only by an alias.',
      ),
    credentials: z
      .object({
        pull: Credential.optional().describe(
          'Used to look. All that a RegistryCheck gets, but for spec.repair.',
        ),
        push: Credential.optional().describe(
          'Used to write, as spec.repair of a RegistryCheck, the workspace, and the claim and the anchors of a RegistryPolicy do. Verified to exist and to fit this registry.',
        ),
        delete: Credential.optional().describe('Used to delete. Verified to exist and to fit this registry.'),
      })
      .optional()
      .describe(
        'One Secret for each right, so that a check never holds the right to delete. Absent: anonymous.',
      ),
    caRef: z
      .object({
        kind: z.enum(['Secret', 'ConfigMap']).default('Secret').describe('Kind of the object.'),
        name: localRef('').shape.name,
        key: z
          .string()
          .min(1)
          .max(253)
          .default('ca.crt')
          .describe('Key below data that holds the certificates.'),
      })
      .optional()
      .describe('PEM certificates that are trusted for this registry besides those of the system.'),
    auth: z
      .object({
        trustedRealms: z
          .array(httpUrl('Origin of a token server.', 'https://auth.example.internal'))
          .max(16)
          .optional()
          .describe('Token servers on private addresses, or without TLS, that credentials may be sent to.'),
      })
      .optional()
      .describe('How credentials are used.'),
    proxy: z
      .object({
        url: httpUrl('The HTTP proxy.', 'http://proxy.example.internal:3128'),
        noProxy: z
          .array(z.string().min(1).max(255))
          .max(64)
          .optional()
          .describe('Hosts or .domains that are reached directly.'),
      })
      .optional()
      .describe('In place of HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the operator.'),
    limits: z
      .object({
        concurrency: z
          .int()
          .min(1)
          .max(256)
          .default(8)
          .describe('Requests under way at once, over all work on this registry.'),
        requestsPerSecond: z
          .int()
          .min(1)
          .max(10_000)
          .optional()
          .describe('Absent: no limit but what the registry itself asks for.'),
      })
      .default({ concurrency: 8 })
      .describe('How hard the registry may be worked, by everything that uses it together.'),
    workspace: Workspace.optional(),
    deletion: Deletion.optional(),
    anchorInUse: z
      .enum(['None', 'Tag'])
      .default('None')
      .describe(
        'Tag: a digest in use that no tag names any more gets a tag `tallyman-anchor-…` by a RegistryPolicy of mode Approve or Enforce, so that nothing removes it (S14). The tag goes when it is not in use any more, by a policy with a rule about its repository.',
      ),
    pullThrough: z
      .boolean()
      .default(false)
      .describe('true for a pull-through cache, where a GET would download: checks send HEAD only (S23).'),
    interval: interval('How often the registry is probed.', '5m').default('5m'),
    timeout: duration('How long one request may take.', '30s').default('30s'),
    suspend,
  }),
  {
    rule: 'has(self.url) != has(self.serviceRef)',
    message: 'set exactly one of spec.url and spec.serviceRef',
  },
)
export type RegistrySpec = z.infer<typeof RegistrySpec>

export const RegistryStatus = z.object({
  ...commonStatus,
  url: z.string().max(1024).optional().describe('The URL in use: spec.url, or what serviceRef resolves to.'),
  product: z
    .string()
    .max(64)
    .optional()
    .describe('What the registry seems to be, as far as its answers tell.'),
  authenticated: z.boolean().optional().describe('Whether the probe was answered with credentials.'),
})
export type RegistryStatus = z.infer<typeof RegistryStatus>

export const Registry = defineKind({
  kind: 'Registry',
  plural: 'registries',
  shortNames: ['reg'],
  description: 'Where a container registry is and how to speak to it.',
  spec: RegistrySpec,
  status: RegistryStatus,
  columns: [
    { name: 'URL', type: 'string', jsonPath: '.status.url', description: 'Address of the registry.' },
    conditionColumn('Reachable', 'Reachable', 'Whether the last probe was answered.'),
    conditionColumn('Ready', 'Ready', 'Whether the spec can be worked on.'),
    {
      name: 'Product',
      type: 'string',
      jsonPath: '.status.product',
      description: 'What the registry seems to be.',
      priority: 1,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].message',
      description: 'Why, or why not.',
      priority: 1,
    },
    AGE,
  ],
})
