import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, KubeClient } from './client.ts'
import { recordOf, textOf } from './json.ts'
import { CONFIG_MAPS, type Resource, SECRETS } from './resource.ts'

/** What a Secret or ConfigMap holds, decoded. */
export interface StoredData {
  /** Of a Secret, such as `kubernetes.io/dockerconfigjson`; empty for a ConfigMap. */
  readonly type: string
  readonly resourceVersion: string
  readonly data: ReadonlyMap<string, Buffer>
}

export interface DataKey {
  readonly namespace: string
  readonly name: string
}

/** The ClusterRole that config/rbac offers for binding in each namespace that holds our objects. */
const CREDENTIALS_ROLE = 'tallyman-credentials'

/**
 * Reads one Secret by its name; Secrets are never listed or watched.
 * @throws SECRET_NOT_FOUND, SECRET_FORBIDDEN (the message holds the command that grants it), else KUBE_*
 */
export async function readSecret(
  client: KubeClient,
  key: DataKey,
  options?: CallOptions,
): Promise<StoredData> {
  const object = await get(client, SECRETS, key, options)
  return stored(object, textOf(object.type), new Map(entries(object.data, 'base64')))
}

/** Reads one ConfigMap by its name; as readSecret. `binaryData` is there too. */
export async function readConfigMap(
  client: KubeClient,
  key: DataKey,
  options?: CallOptions,
): Promise<StoredData> {
  const object = await get(client, CONFIG_MAPS, key, options)
  const data = new Map([...entries(object.data, 'utf8'), ...entries(object.binaryData, 'base64')])
  return stored(object, '', data)
}

async function get(
  client: KubeClient,
  resource: Resource,
  key: DataKey,
  options?: CallOptions,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return recordOf(await client.get<unknown>(resource, key, options))
  } catch (error) {
    const { namespace, name } = key
    if (hasCode(error, 'KUBE_NOT_FOUND')) {
      const message = `${resource.kind} "${name}" does not exist in namespace "${namespace}"`
      throw new TallymanError('SECRET_NOT_FOUND', message, { cause: error })
    }
    if (hasCode(error, 'KUBE_FORBIDDEN')) {
      const message =
        `Reading ${resource.kind} "${name}" in namespace "${namespace}" is not allowed; run: kubectl create rolebinding ` +
        `${CREDENTIALS_ROLE} --namespace ${namespace} --clusterrole ${CREDENTIALS_ROLE} ${refusedSubject(error.message)}`
      throw new TallymanError('SECRET_FORBIDDEN', message, { cause: error })
    }
    throw error
  }
}

/** Who was refused, as an option of `kubectl create rolebinding`. The API server says it only in its message. */
export function refusedSubject(message: string): string {
  const [, user] = /User "([^"]+)"/.exec(message) ?? []
  const [, account] = /^system:serviceaccount:(.+)$/.exec(user ?? '') ?? []
  if (user !== undefined && account === undefined) return `--user ${user}`
  return `--serviceaccount ${account ?? 'tallyman-system:tallyman'}`
}

function stored(
  object: Readonly<Record<string, unknown>>,
  type: string,
  data: ReadonlyMap<string, Buffer>,
): StoredData {
  return { type, resourceVersion: textOf(recordOf(object.metadata).resourceVersion), data }
}

function entries(data: unknown, encoding: 'base64' | 'utf8'): [string, Buffer][] {
  return Object.entries(recordOf(data)).map(([key, value]) => [key, Buffer.from(textOf(value), encoding)])
}
