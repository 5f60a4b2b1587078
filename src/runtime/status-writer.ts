import { hasCode } from '#catalogue/error.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Resource } from '#kube/resource.ts'
import type { CustomObject } from '#runtime/custom-object.ts'
import type { Fence } from '#runtime/fence.ts'
import { mergePatch } from '#runtime/merge-patch.ts'
import { sameWork } from '#runtime/predicates.ts'

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
   * @throws KUBE_CONFLICT when spec (but for suspend) or status were changed since: what was computed no longer holds
   * @throws LEADERSHIP_LOST
   */
  async write<S extends object>(
    resource: Resource,
    object: CustomObject<S>,
    status: NoInfer<S>,
    signal?: AbortSignal,
  ): Promise<CustomObject<S>> {
    const sameStatus = (now: CustomObject<S>) =>
      mergePatch(object.status ?? {}, now.status ?? {}) === undefined
    return (await this.#store(resource, object, () => status, sameStatus, signal)) ?? object
  }

  /**
   * As write, for a status that more than one task of this process writes: when another was faster, `compute` is asked
   * once more, with what is stored then.
   * @param compute undefined: with that status there is nothing to say, and nothing is written
   * @returns the object as it is stored then; undefined where there was nothing to say
   * @throws KUBE_CONFLICT when the spec (but for suspend) was changed since `object` was read
   * @throws LEADERSHIP_LOST
   */
  update<S extends object>(
    resource: Resource,
    object: CustomObject<S>,
    compute: (status: S | undefined) => S | undefined,
    signal?: AbortSignal,
  ): Promise<CustomObject<S> | undefined> {
    return this.#store(resource, object, compute, () => true, signal)
  }

  /** @param mayRepeat whether, after a conflict, what is stored then may be the base of another try */
  async #store<S extends object>(
    resource: Resource,
    object: CustomObject<S>,
    compute: (status: S | undefined) => S | undefined,
    mayRepeat: (now: CustomObject<S>) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<CustomObject<S> | undefined> {
    let base = object
    for (let tries = 1; ; tries += 1) {
      const status = compute(base.status)
      if (status === undefined) return undefined
      const difference = mergePatch(base.status ?? {}, status)
      if (difference === undefined) return base
      try {
        const { uid, resourceVersion } = base.metadata
        const patch = { metadata: { uid, resourceVersion }, status: difference }
        const options = {
          type: 'merge',
          subresource: 'status',
          signal,
          timeoutMs: this.#fence.requestTimeoutMs,
          beforeSend: () => this.#fence.assertLeader(),
        } as const
        return await this.#client.patch<CustomObject<S>>(resource, object.metadata, patch, options)
      } catch (error) {
        if (!hasCode(error, 'KUBE_CONFLICT') || tries === MAX_TRIES) throw error
        base = await this.#client.get<CustomObject<S>>(resource, object.metadata, { signal })
        if (!sameWork(object, base) || !mayRepeat(base)) throw error
      }
    }
  }
}
