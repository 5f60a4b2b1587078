import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { KubeClient } from '#kube/client.ts'
import { listOf, recordOf, textOf } from '#kube/json.ts'
import { PODS, SERVICE_ACCOUNTS } from '#kube/resource.ts'
import { type DataKey, readSecret, refusedSubject } from '#kube/secrets.ts'

/** A Secret that a pod names for its pulls. */
export interface PullSecret {
  readonly namespace: string
  readonly name: string
  /** A docker config; absent: there is none, and `problem` says why. */
  readonly config?: string | undefined
  readonly problem?: string | undefined
}

/** The ClusterRole that config/rbac offers for those who want it: it reads Secrets of workloads. */
const ROLE = 'tallyman-pull-secrets'
/** The kubelet takes no other types (pkg/credentialprovider/secrets). */
const CONFIG_JSON = { type: 'kubernetes.io/dockerconfigjson', key: '.dockerconfigjson' }
/** The older form: the same without `auths` around it. */
const CONFIG = { type: 'kubernetes.io/dockercfg', key: '.dockercfg' }

/** Reads the pull secrets of pods of one cluster, by name, each once. Nothing of them outlives it. */
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
   * The Secrets that the kubelet reads for the pod, in its order: those that the pod names. Admission puts those of the ServiceAccount into a
   * pod that names none, when it is made: which of the two these are does not show, so what the account names now counts as well.
   * @returns undefined: the pod is gone
   * @throws SECRET_FORBIDDEN with the command that grants it · KUBE_* · CANCELLED
   */
  async of(pod: DataKey): Promise<readonly PullSecret[] | undefined> {
    const { namespace } = pod
    try {
      const spec = recordOf(recordOf(await this.#client.get<unknown>(PODS, pod, this.#call)).spec)
      const own = namesIn(spec.imagePullSecrets)
      const account = textOf(spec.serviceAccountName) || 'default'
      const names = new Set([...own, ...(await this.#ofAccount({ namespace, name: account }))])
      return await Promise.all([...names].map((name) => this.#secret({ namespace, name })))
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
      if (!hasCode(error, 'KUBE_FORBIDDEN', 'SECRET_FORBIDDEN')) throw error
      const message =
        `The pull secrets of namespace "${namespace}" may not be read; run: kubectl create rolebinding ${ROLE} ` +
        `--namespace ${namespace} --clusterrole ${ROLE} ${refusedSubject(error.message)}`
      throw new TallymanError('SECRET_FORBIDDEN', message, { cause: error })
    }
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
        const text = (of: { readonly key: string }) => data.get(of.key)?.toString('utf8') ?? ''
        if (type === CONFIG_JSON.type) return { ...key, config: text(CONFIG_JSON) }
        if (type === CONFIG.type) return { ...key, config: `{"auths":${text(CONFIG)}}` }
        return { ...key, problem: `it is of type ${type}, and not ${CONFIG_JSON.type}` }
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
