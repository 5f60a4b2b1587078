import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import type { KubeObject } from '#kube/objects.ts'
import { apiVersion, type Resource } from '#kube/resource.ts'

/**
 * An object of one of our kinds as the API server sends it. The spec passed the CRD's schema when it was stored, but
 * perhaps that of another version: it is parsed where it is used.
 */
export interface CustomObject<Status extends object = object> extends KubeObject {
  readonly spec?: unknown
  readonly status?: Status
}

const Metadata = z.object({
  name: z.string(),
  namespace: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  generation: z.number().exactOptional(),
  creationTimestamp: z.string().exactOptional(),
  deletionTimestamp: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
})
const Envelope = z.object({ metadata: Metadata, spec: z.unknown(), status: z.unknown() })

/**
 * A projection for watches of `resource`: keeps the metadata that we use, spec and status. A status that does not fit
 * its schema (written by another version, or by hand) counts as none and is written anew.
 */
export function customObjectReader<Status extends object>(
  resource: Resource,
  statusSchema: z.ZodType<Status>,
): (raw: unknown) => CustomObject<Status> {
  return (raw) => {
    const envelope = Envelope.safeParse(raw)
    if (!envelope.success) {
      const message = `The API server sent a ${resource.kind} without usable metadata`
      throw new TallymanError('KUBE_WATCH_BROKEN', message, { cause: envelope.error })
    }
    const { metadata, spec, status } = envelope.data
    const read = statusSchema.safeParse(status)
    const object = { apiVersion: apiVersion(resource), kind: resource.kind, metadata, spec }
    return read.success ? { ...object, status: read.data } : object
  }
}
