import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { PullingObject } from '#inventory/pulling-objects.ts'
import type { KubeClient } from '#kube/client.ts'
import { listOf, recordOf, textOf } from '#kube/json.ts'
import { PODS, SERVICE_ACCOUNTS } from '#kube/resource.ts'
import { type DataKey, readSecret, refusedSubject } from '#kube/secrets.ts'
import { WORKLOAD_KINDS, WORKLOAD_RESOURCES, type WorkloadKind } from '#kube/workload-projection.ts'

/** A Secret that a pod names for its pulls. */
export interface PullSecret {
  readonly namespace: string
  readonly name: string
  /** A docker config; absent: there is none, and `problem` says why. */
  readonly config?: string | undefined
  readonly problem?: string | undefined
}

/** What one pod pulls with. */
export type PullSecrets = readonly PullSecret[]

/** The ClusterRole that config/rbac offers for those who want it: it reads Secrets of workloads. */
const ROLE = 'tallyman-pull-secrets'
/** The kubelet takes no other types (pkg/credentialprovider/secrets). */
const CONFIG_JSON = { type: 'kubernetes.io/dockerconfigjson', key: '.dockerconfigjson' }
/** The older form: the same without `auths` around it. */
const CONFIG = { type: 'kubernetes.io/dockercfg', key: '.dockercfg' }

/** Reads the pull secrets of workloads of one cluster, by name, each once. Nothing of them outlives it. */
export class PodPullSecrets {
  readonly #client: KubeClient
  readonly #signal: AbortSignal
  readonly #secrets = new Map<string, Promise<PullSecret>>()
  readonly #accounts = new Map<string, Promise<readonly string[]>>()

  constructor(client: KubeClient, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /**
   * The Secrets that the kubelet reads for the next pod, in its order: those that its template names, and where that names none those of the
   * ServiceAccount, which admission puts into the pod. Of a pod that names some does not show which of the two they are: then it is either those,
   * or those that the account names now.
   * @returns each of the ways in which it may be; undefined: the object is gone, or pulls nothing any more
   * @throws SECRET_FORBIDDEN with the command that grants it · KUBE_* · CANCELLED
   */
  async of(object: Omit<PullingObject, 'cluster' | 'workload'>): Promise<readonly PullSecrets[] | undefined> {
    const { kind, namespace } = object
    try {
      const spec = await this.#podSpec(object)
      if (spec === undefined) return undefined
      const own = namesIn(spec.imagePullSecrets)
      const isCertain = own.length > 0 && kind !== 'Pod'
      const account = textOf(spec.serviceAccountName) || 'default'
      const ofAccount = isCertain ? [] : await this.#ofAccount({ namespace, name: account })
      const ways = own.length === 0 ? [ofAccount] : ofAccount.length === 0 ? [own] : [own, ofAccount]
      const read = (names: readonly string[]) =>
        Promise.all([...new Set(names)].map((name) => this.#secret({ namespace, name })))
      return await Promise.all(ways.map(read))
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
      if (!hasCode(error, 'KUBE_FORBIDDEN', 'SECRET_FORBIDDEN')) throw error
      const message =
        `The pull secrets of namespace "${namespace}" may not be read; run: kubectl create rolebinding ${ROLE} ` +
        `--namespace ${namespace} --clusterrole ${ROLE} ${refusedSubject(error.message)}`
      throw new TallymanError('SECRET_FORBIDDEN', message, { cause: error })
    }
  }

  async #podSpec({ kind, namespace, name }: Pick<PullingObject, 'kind' | 'namespace' | 'name'>) {
    const key = { namespace, name }
    if (kind === 'Pod') return recordOf(recordOf(await this.#client.get<unknown>(PODS, key, this.#call)).spec)
    if (!isWorkloadKind(kind)) return undefined
    const { spec, status } = recordOf(
      await this.#client.get<unknown>(WORKLOAD_RESOURCES[kind], key, this.#call),
    )
    if (kind === 'Job' && hasEnded(status)) return undefined
    const maker = kind === 'CronJob' ? recordOf(recordOf(spec).jobTemplate).spec : spec
    return recordOf(recordOf(recordOf(maker).template).spec)
  }

  #ofAccount(key: DataKey): Promise<readonly string[]> {
    return once(this.#accounts, key, async () => {
      try {
        const account = await this.#client.get<unknown>(SERVICE_ACCOUNTS, key, this.#call)
        return namesIn(recordOf(account).imagePullSecrets)
      } catch (error) {
        // A pod outlives its account.
        if (hasCode(error, 'KUBE_NOT_FOUND')) return []
        throw error
      }
    })
  }

  #secret(key: DataKey): Promise<PullSecret> {
    return once(this.#secrets, key, async () => {
      try {
        const { type, data } = await readSecret(this.#client, key, this.#call)
        const form = [CONFIG_JSON, CONFIG].find((each) => each.type === type)
        if (form === undefined) {
          return { ...key, problem: `it is of type ${type}, and not ${CONFIG_JSON.type}` }
        }
        const text = data.get(form.key)?.toString('utf8') ?? ''
        // The kubelet goes on as if it were not there.
        if (text === '') return { ...key, problem: `its key ${form.key} is empty` }
        return { ...key, config: form === CONFIG ? `{"auths":${text}}` : text }
      } catch (error) {
        if (hasCode(error, 'SECRET_NOT_FOUND')) return { ...key, problem: 'it does not exist' }
        throw error
      }
    })
  }

  get #call() {
    return { signal: this.#signal }
  }
}

function isWorkloadKind(kind: string): kind is WorkloadKind {
  return WORKLOAD_KINDS.some((each) => each === kind)
}

/** A Job that is complete or has failed makes no pod any more. */
function hasEnded(status: unknown): boolean {
  return listOf(recordOf(status).conditions)
    .map(recordOf)
    .some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
}

function namesIn(references: unknown): string[] {
  return listOf(references)
    .map((each) => textOf(recordOf(each).name))
    .filter((name) => name !== '')
}

function once<T>(
  known: Map<string, Promise<T>>,
  { namespace, name }: DataKey,
  read: () => Promise<T>,
): Promise<T> {
  const key = `${namespace}/${name}`
  const promise = known.get(key) ?? read()
  known.set(key, promise)
  return promise
}
