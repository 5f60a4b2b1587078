import { asTallymanError } from '#catalogue/error.ts'
import type { LiveInventory } from '#clusters/live-inventory.ts'
import { PodPullSecrets } from '#clusters/pod-pull-secrets.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import type { PodPullEvidence } from '#health/evidence.ts'
import type { PullingObject } from '#inventory/pulling-objects.ts'
import type { ImageUse, InventorySnapshot } from '#inventory/snapshot.ts'
import type { ImageTarget } from '#scan/image-scan.ts'
import { PodPulls, type PullingWorkload } from '#scan/pod-pulls.ts'
import type { Clock } from '#time/clock.ts'

/** Of one image; the rest counts as unread. */
const MAX_WORKLOADS = 50
/** As registry-check.ts bounds it. */
const MAX_MESSAGE = 1024

export interface CheckPullSecretsParts {
  readonly live: Pick<LiveInventory, 'pullingObjects' | 'client'>
  readonly snapshot: InventorySnapshot
  readonly registry: RegistryObject
  readonly access: RegistryAccess
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Tries the images of one run with what their pods name for it. What it reads of Secrets ends with the run. */
export class CheckPullSecrets {
  readonly #parts: CheckPullSecretsParts
  readonly #pulls: PodPulls
  readonly #clusters = new Map<string, PodPullSecrets>()
  readonly #workloads = new Map<string, Promise<PullingWorkload | undefined>>()
  readonly #unread = new Set<string>()
  readonly #tried = new Set<string>()
  #message: string | undefined
  #objects: Promise<ReadonlyMap<string, readonly PullingObject[]>> | undefined

  constructor(parts: CheckPullSecretsParts) {
    const { registry, access, clock, signal } = parts
    this.#parts = parts
    this.#pulls = new PodPulls({
      ...{ clock, signal },
      open: (credential) => access.openAs(credential, registry, signal),
    })
  }

  get status(): NonNullable<RegistryCheckStatus['pullSecrets']> {
    return {
      workloads: this.#tried.size,
      unread: this.#unread.size,
      ...(this.#message === undefined ? {} : { message: this.#message }),
    }
  }

  readonly look = async (use: ImageUse, target: ImageTarget): Promise<PodPullEvidence | undefined> => {
    const objects = (await this.#objectsByImage()).get(use.image) ?? []
    const { reference } = use
    if (objects.length === 0 || reference === undefined) return undefined
    for (const { workload } of objects.slice(MAX_WORKLOADS))
      this.#leave(workload, 'some images have too many users')
    const workloads = await Promise.all(objects.slice(0, MAX_WORKLOADS).map((each) => this.#workload(each)))
    const image = { host: reference.host, repository: reference.repository, place: target }
    return await this.#pulls.look(
      image,
      workloads.filter((each) => each !== undefined),
    )
  }

  #objectsByImage(): Promise<ReadonlyMap<string, readonly PullingObject[]>> {
    const { live, snapshot } = this.#parts
    this.#objects ??= live.pullingObjects(snapshot.images.map(({ image }) => image))
    return this.#objects
  }

  #workload(object: PullingObject): Promise<PullingWorkload | undefined> {
    const key = JSON.stringify([object.workload, object.kind])
    const known = this.#workloads.get(key) ?? this.#read(object)
    this.#workloads.set(key, known)
    return known
  }

  async #read(object: PullingObject): Promise<PullingWorkload | undefined> {
    const secrets = this.#secretsIn(object.cluster)
    if (secrets === undefined) {
      this.#leave(object.workload, `cluster ${object.cluster} cannot be asked`)
      return undefined
    }
    try {
      const ways = await secrets.of(object)
      if (ways === undefined) return undefined
      this.#tried.add(object.workload)
      return { name: object.workload, ways }
    } catch (thrown) {
      this.#parts.signal.throwIfAborted()
      const error = asTallymanError(thrown)
      this.#leave(object.workload, error.code === 'SECRET_FORBIDDEN' ? error.message : error.advice)
      return undefined
    }
  }

  #secretsIn(cluster: string): PodPullSecrets | undefined {
    const known = this.#clusters.get(cluster)
    if (known !== undefined) return known
    const client = this.#parts.live.client(cluster)
    if (client === undefined) return undefined
    const secrets = new PodPullSecrets(client, this.#parts.signal)
    this.#clusters.set(cluster, secrets)
    return secrets
  }

  #leave(workload: string, why: string): void {
    this.#unread.add(workload)
    this.#message ??= why.slice(0, MAX_MESSAGE)
  }
}
