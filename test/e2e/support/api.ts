import { z } from 'zod'
import { asTallymanError, hasCode } from '#catalogue/error.ts'
import { IMAGE_INVENTORIES, REGISTRIES, REGISTRY_CHECKS, REGISTRY_POLICIES } from '#controllers/resources.ts'
import { ImageInventoryStatus } from '#crds/image-inventory.ts'
import { REQUESTED_AT } from '#crds/meta.ts'
import { RegistryStatus } from '#crds/registry.ts'
import { RegistryCheckStatus } from '#crds/registry-check.ts'
import { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { KubeObject } from '#kube/objects.ts'
import { EVENTS, type Resource } from '#kube/resource.ts'
import { type CustomObject, customObjectReader } from '#runtime/custom-object.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { checkKstatus, type KstatusObject } from '#test/harness/kstatus.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import type { Place } from './objects.ts'

const Event = z.object({
  type: z.string(),
  reason: z.string(),
  note: z.string(),
  regarding: z.object({ kind: z.string(), name: z.string() }),
  series: z.object({ count: z.int() }).nullish(),
})
export type EventView = z.infer<typeof Event>

const readRegistry = customObjectReader(REGISTRIES, RegistryStatus)
const readInventory = customObjectReader(IMAGE_INVENTORIES, ImageInventoryStatus)
const readCheck = customObjectReader(REGISTRY_CHECKS, RegistryCheckStatus)
const readPolicy = customObjectReader(REGISTRY_POLICIES, RegistryPolicyStatus)

/** Reads our objects as an administrator, and cheaply: a kubectl for every look would be the load of the test. */
export class Api {
  readonly #connection: ClusterConnection
  readonly #client: KubeClient
  #requests = 0

  private constructor(connection: ClusterConnection) {
    this.#connection = connection
    this.#client = new KubeClient(connection)
  }

  static async connect(cluster: TestCluster): Promise<Api> {
    return new Api(await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock }))
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async registry(place: Place) {
    return readRegistry(await this.#client.get<unknown>(REGISTRIES, place))
  }

  async inventory(place: Place) {
    return readInventory(await this.#client.get<unknown>(IMAGE_INVENTORIES, place))
  }

  async check(place: Place) {
    return readCheck(await this.#client.get<unknown>(REGISTRY_CHECKS, place))
  }

  async policy(place: Place) {
    return readPolicy(await this.#client.get<unknown>(REGISTRY_POLICIES, place))
  }

  /** Every object of ours in a namespace keeps the rules of kstatus, as after a reconciliation has ended. */
  async checkRules(namespace: string): Promise<void> {
    for (const resource of [REGISTRIES, IMAGE_INVENTORIES, REGISTRY_CHECKS, REGISTRY_POLICIES]) {
      for await (const object of this.#client.list<KstatusObject>(resource, { namespace }))
        checkKstatus(object)
    }
  }

  async exists(resource: Resource, place: Place): Promise<boolean> {
    try {
      await this.#client.get<unknown>(resource, place)
      return true
    } catch (thrown) {
      if (hasCode(thrown, 'KUBE_NOT_FOUND')) return false
      throw asTallymanError(thrown)
    }
  }

  /** The events about one object, in no order. */
  async events(kind: string, { namespace, name }: Place): Promise<EventView[]> {
    const found: EventView[] = []
    for await (const raw of this.#client.list<unknown>(EVENTS, { namespace })) {
      const event = Event.safeParse(raw)
      if (!event.success) continue
      const { regarding } = event.data
      if (regarding.kind === kind && regarding.name === name) found.push(event.data)
    }
    return found
  }

  async patch(resource: Resource, place: Place, patch: object, subresource?: 'status'): Promise<void> {
    const where = subresource === undefined ? {} : { subresource }
    await this.#client.patch<unknown>(resource, place, patch, { type: 'merge', ...where })
  }

  /** Creates an object without the price of a kubectl. */
  async create(resource: Resource, object: KubeObject): Promise<void> {
    await this.#client.create<unknown>(resource, object)
  }

  delete(resource: Resource, place: Place): Promise<void> {
    return this.#client.delete(resource, place)
  }

  /**
   * Asks for a run, as `kubectl annotate` does, and changes the object as `patch` says.
   * @returns what the status echoes once it was made
   */
  async request(resource: Resource, place: Place, patch: object = {}): Promise<string> {
    this.#requests += 1
    const token = `request-${this.#requests}`
    await this.patch(resource, place, { ...patch, metadata: { annotations: { [REQUESTED_AT]: token } } })
    return token
  }

  /**
   * Asks for a run of a check, with a change where one is given, and waits for its end. Where the inventory was made a moment ago, the
   * request may be answered with that it is not complete yet: the run follows.
   */
  async run(place: Place, patch: object = {}) {
    const token = await this.request(REGISTRY_CHECKS, place, patch)
    return eventually(
      async () => {
        const check = await this.check(place)
        return hasRunFor(token, check) ? check : undefined
      },
      { message: `a run of check ${place.name}`, timeoutMs: 60_000 },
    )
  }

  /** Asks for a plan of a policy, with a change where one is given, and waits until it was made, as of a run. */
  async plan(place: Place, patch: object = {}) {
    const token = await this.request(REGISTRY_POLICIES, place, patch)
    return eventually(
      async () => {
        const policy = await this.policy(place)
        return hasRunFor(token, policy) ? policy : undefined
      },
      { message: `a plan of policy ${place.name}`, timeoutMs: 60_000 },
    )
  }
}

/** What was asked for by `token` has been looked at with an inventory that is complete. */
function hasRunFor(token: string, { status }: Check | Policy): boolean {
  const isComplete = status?.conditions?.every(({ reason }) => reason !== 'InventoryNotSynced') ?? false
  return status?.lastHandledReconcileAt === token && isComplete
}

export type Policy = Awaited<ReturnType<Api['policy']>>
export type Check = Awaited<ReturnType<Api['check']>>

/**
 * What a condition has to be: "Status Reason", with what its message has to say where one reason has several causes;
 * undefined: there is none.
 */
type Expected = string | readonly [text: string, says: RegExp] | undefined

/** Waits until the conditions of an object, by type, are as `expected`. */
export function settled<Status extends { conditions?: readonly ConditionView[] | undefined }>(
  read: () => Promise<CustomObject<Status>>,
  expected: Readonly<Record<string, Expected>>,
  timeoutMs = 90_000,
): Promise<CustomObject<Status>> {
  const wanted = Object.entries(expected)
  return eventually(
    async () => {
      const object = await read()
      const conditions = object.status?.conditions ?? []
      const missed = wanted.filter(([type, want]) => !isAs(conditions, type, want))
      if (missed.length === 0) return object
      throw new Error(`conditions: ${JSON.stringify(conditions)}`)
    },
    { timeoutMs, intervalMs: 40, message: wanted.map(([type, want]) => `${type}=${want}`).join(', ') },
  )
}

function isAs(conditions: readonly ConditionView[], type: string, want: Expected): boolean {
  const [text, says] = typeof want === 'object' ? want : [want]
  const message = conditions.find((condition) => condition.type === type)?.message ?? ''
  return conditionText(conditions, type) === text && (says === undefined || says.test(message))
}

interface ConditionView {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

/** "False TLSUntrusted"; undefined where the object has no such condition. */
export function conditionText(conditions: readonly ConditionView[], type: string): string | undefined {
  const found = conditions.find((condition) => condition.type === type)
  return found === undefined ? undefined : `${found.status} ${found.reason}`
}

/** The message of a condition; empty where there is none. */
export function messageOf<Status extends { conditions?: readonly ConditionView[] | undefined }>(
  object: CustomObject<Status>,
  type: string,
): string {
  return object.status?.conditions?.find((condition) => condition.type === type)?.message ?? ''
}

/** What the findings say, in the order of the status: repository and tag, code, platform, severity. */
export function findingsOf(check: Check): string[] {
  return (check.status?.findings ?? []).map(({ image, code, severity, platform }) =>
    [image.slice(image.indexOf('/') + 1), code, platform, severity].filter(Boolean).join(' '),
  )
}
