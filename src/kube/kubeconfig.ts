import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { KubeConfig, makeAbsolutePath } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { TallymanError } from '#catalogue/error.ts'
import { isRecord, listOf, recordOf } from './json.ts'

/** Where a cluster's address and credentials come from. */
export interface KubeconfigSource {
  /** Path of a kubeconfig file. */
  readonly kubeconfig?: string | undefined
  /** The text of a kubeconfig from a Secret. What it may hold is limited: see assertSelfContained. */
  readonly kubeconfigText?: string | undefined
  /** Default: the current context. */
  readonly context?: string | undefined
}

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** The name of the context that stands for the ServiceAccount of our own pod. */
export const IN_CLUSTER = 'in-cluster'

/**
 * Fills `config` from the first that exists: the given text or file, $KUBECONFIG, ~/.kube/config, the pod's own
 * ServiceAccount. Reads files each time it is called, so renewed credentials are found.
 * @throws KUBE_CONFIG_INVALID
 */
export function loadKubeconfig<C extends KubeConfig>(config: C, source: KubeconfigSource): C {
  try {
    load(config, source)
  } catch (error) {
    if (error instanceof TallymanError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new TallymanError('KUBE_CONFIG_INVALID', `The kubeconfig cannot be used: ${message}`, {
      cause: error,
    })
  }
  if (source.context !== undefined) config.setCurrentContext(source.context)
  const context = config.getContextObject(config.getCurrentContext())
  if (context === null || config.getCurrentCluster() === null) {
    const wanted = config.getCurrentContext() || '(none is current)'
    const known = config.getContexts().map(({ name }) => name)
    throw new TallymanError(
      'KUBE_CONFIG_INVALID',
      `The kubeconfig has no usable context ${wanted}; it has: ${known.join(', ') || 'none'}`,
    )
  }
  return config
}

function load(config: KubeConfig, source: KubeconfigSource): void {
  if (source.kubeconfigText !== undefined) {
    assertSelfContained(source.kubeconfigText)
    config.loadFromString(source.kubeconfigText)
    return
  }
  const files = source.kubeconfig === undefined ? defaultFiles() : [source.kubeconfig]
  const [first, ...more] = files
  if (first !== undefined) {
    loadFile(config, first)
    for (const file of more) config.mergeConfig(loadFile(new KubeConfig(), file), true)
    return
  }
  if (process.env.KUBERNETES_SERVICE_HOST === undefined || !existsSync(TOKEN_PATH)) {
    throw new TallymanError(
      'KUBE_CONFIG_INVALID',
      'There is neither a kubeconfig nor a ServiceAccount of a pod',
    )
  }
  config.loadFromCluster()
  for (const context of config.contexts) Object.assign(context, { name: IN_CLUSTER })
  config.setCurrentContext(IN_CLUSTER)
}

function defaultFiles(): string[] {
  const named = (process.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  if (named.length > 0) return named
  const home = join(homedir(), '.kube', 'config')
  return existsSync(home) ? [home] : []
}

function loadFile(config: KubeConfig, file: string): KubeConfig {
  config.loadFromFile(file)
  // client-node knows only `token-file`, which it reads once; the field is `tokenFile`, and its content rotates.
  for (const { name, user } of usersOf(parse(readFileSync(file, 'utf8')))) {
    const { tokenFile } = user
    if (typeof tokenFile !== 'string') continue
    config.users = config.users.map((known) => {
      if (known.name !== name) return known
      const { token: _replaced, ...rest } = known
      const path = makeAbsolutePath(dirname(file), tokenFile)
      return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile: path } } }
    })
  }
  return config
}

const FORBIDDEN_IN_TEXT = {
  clusters: ['certificate-authority'],
  users: ['exec', 'auth-provider', 'client-certificate', 'client-key', 'tokenFile', 'token-file'],
} as const

/**
 * A kubeconfig from a Secret is input of a user: it may neither run a program in our pod nor make us read a file of
 * our pod and send its content to an address of the user's choice.
 */
function assertSelfContained(text: string): void {
  const parsed: unknown = parse(text)
  if (!isRecord(parsed))
    throw new TallymanError('KUBE_CONFIG_INVALID', 'The kubeconfig is not a YAML mapping')
  const entries = [
    ...usersOf(parsed).map(({ user }) => ({ where: 'users', value: user, not: FORBIDDEN_IN_TEXT.users })),
    ...listOf(parsed.clusters).map((entry) => ({
      where: 'clusters',
      value: recordOf(recordOf(entry).cluster),
      not: FORBIDDEN_IN_TEXT.clusters,
    })),
  ]
  for (const { where, value, not } of entries) {
    const found = not.find((key) => value[key] !== undefined)
    if (found === undefined) continue
    throw new TallymanError(
      'KUBE_CONFIG_INVALID',
      `The kubeconfig of a Secret may not use "${found}" (in ${where}): put certificates and tokens into it as data`,
    )
  }
}

function usersOf(parsed: unknown): { name: unknown; user: Readonly<Record<string, unknown>> }[] {
  return listOf(recordOf(parsed).users).map((entry) => ({
    name: recordOf(entry).name,
    user: recordOf(recordOf(entry).user),
  }))
}
