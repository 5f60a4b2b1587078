import { hasCode } from '#catalogue/error.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Resource } from '#kube/resource.ts'
import type { CustomObject } from '#runtime/custom-object.ts'
import { FENCED_REQUEST_MS, type Fence } from '#runtime/fence.ts'
import { mergePatch } from '#runtime/merge-patch.ts'

const MAX_TRIES = 5

/**
 * Writes the status subresource of our own kinds: only what differs, with the resourceVersion that the status was
 * computed from as lock, and only while leading.
 */
export class StatusWriter {
  readonly #client: KubeClient
  readonly #fence: Fence

  constructor(client: KubeClient, fence: Fence) {
    this.#client = client
    this.#fence = fence
  }

  /**
   * Makes the status of `object` what `status` says. Returns the object as it is stored then; without a difference
   * nothing is sent and `object` comes back.
   * @param object as it was read when `status` was computed
   * @throws KUBE_CONFLICT when spec or status were changed since: what was computed no longer holds
   * @throws LEADERSHIP_LOST
   */
  async write<S extends object>(
    resource: Resource,
    object: CustomObject<S>,
    status: NoInfer<S>,
    signal?: AbortSignal,
  ): Promise<CustomObject<S>> {
    const difference = mergePatch(object.status ?? {}, status)
    if (difference === undefined) return object
    let base = object
    for (let tries = 1; ; tries += 1) {
      try {
        const { uid, resourceVersion } = base.metadata
        const patch = { metadata: { uid, resourceVersion }, status: difference }
        const options = {
          type: 'merge',
          subresource: 'status',
          signal,
          timeoutMs: FENCED_REQUEST_MS,
          beforeSend: () => this.#fence.assertLeader(),
        } as const
        return await this.#client.patch<CustomObject<S>>(resource, object.metadata, patch, options)
      } catch (error) {
        if (!hasCode(error, 'KUBE_CONFLICT') || tries === MAX_TRIES) throw error
        base = await this.#client.get<CustomObject<S>>(resource, object.metadata, { signal })
        if (!sameBasis(object, base)) throw error
      }
    }
  }
}

/** Labels and annotations may have changed; what the status was computed from may not. */
function sameBasis(then: CustomObject, now: CustomObject): boolean {
  return (
    then.metadata.uid === now.metadata.uid &&
    then.metadata.generation === now.metadata.generation &&
    mergePatch(then.status ?? {}, now.status ?? {}) === undefined
  )
}
