import type { CallOptions, KubeClient } from './client.ts'
import { recordOf, textOf } from './json.ts'
import type { Resource } from './resource.ts'

export interface AccessRequest {
  readonly resource: Resource
  /** Absent: in all namespaces. */
  readonly namespace?: string | undefined
  /** `list`, `watch` */
  readonly verbs: readonly string[]
}

export interface AccessReview {
  /** All verbs are. */
  readonly allowed: boolean
  readonly missing: readonly string[]
  /** What the API server says of the missing ones; often nothing. */
  readonly reason: string
}

const REVIEWS: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
}

/**
 * Asks the API server whether we may do this with every object of the resource (S05): a right to some of them, by name
 * or in another namespace, is none. Everybody may ask; one request a verb.
 * @throws KUBE_*, CANCELLED
 */
export async function reviewAccess(
  client: KubeClient,
  { resource, namespace, verbs }: AccessRequest,
  options?: CallOptions,
): Promise<AccessReview> {
  const { group, version, plural } = resource
  const answers = await Promise.all(
    verbs.map(async (verb) => {
      const resourceAttributes = { group, version, resource: plural, namespace: namespace ?? '', verb }
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: REVIEWS.kind,
        metadata: { name: '' },
        spec: { resourceAttributes },
      }
      const status = recordOf(recordOf(await client.create<unknown>(REVIEWS, review, options)).status)
      // What an authorizer could not evaluate is not granted.
      const reason = [textOf(status.reason), textOf(status.evaluationError)].filter((text) => text !== '')
      return { verb, isAllowed: status.allowed === true, reason }
    }),
  )
  const refused = answers.filter(({ isAllowed }) => !isAllowed)
  return {
    allowed: refused.length === 0,
    missing: refused.map(({ verb }) => verb),
    reason: [...new Set(refused.flatMap(({ reason }) => reason))].join('; '),
  }
}
