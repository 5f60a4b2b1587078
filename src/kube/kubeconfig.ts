import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Cluster, KubeConfig, makeAbsolutePath } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { TallymanError } from '#catalogue/error.ts'
import { loadInCluster } from './in-cluster.ts'
import { listOf, recordOf } from './json.ts'
import { readSecretKubeconfig } from './kubeconfig-secret.ts'

/** Where a cluster's address and credentials come from. */
export interface KubeconfigSource {
  /** Path of a kubeconfig file. */
  readonly kubeconfig?: string | undefined
  /** The text of a kubeconfig from a Secret. What it may hold is limited: see readSecretKubeconfig. */
  readonly kubeconfigText?: string | undefined
  /** Default: the current context. */
  readonly context?: string | undefined
}

/**
 * Fills `config` from the first that exists: the given text or file, $KUBECONFIG, ~/.kube/config, the pod's own
 * ServiceAccount. Reads files each time it is called, so renewed credentials are found.
 * @throws KUBE_CONFIG_INVALID
 */
export function loadKubeconfig<C extends KubeConfig>(config: C, source: KubeconfigSource): C {
  load(config, source)
  if (source.context !== undefined) config.setCurrentContext(source.context)
  const context = config.getContextObject(config.getCurrentContext())
  const cluster = config.getCurrentCluster()
  if (context === null || cluster === null) {
    const wanted = config.getCurrentContext() || '(none is current)'
    const known = namesOf(config)
    throw invalid(`The kubeconfig has no usable context ${wanted}; it has: ${known.join(', ') || 'none'}`)
  }
  assertAddresses(cluster)
  return config
}

/**
 * The names of all contexts, usable or not, each once.
 * @throws KUBE_CONFIG_INVALID for whatever loadKubeconfig refuses in every context
 */
export function contextsOf(source: KubeconfigSource): readonly string[] {
  const config = new KubeConfig()
  load(config, source)
  return namesOf(config)
}

function namesOf(config: KubeConfig): string[] {
  return [...new Set(config.getContexts().map(({ name }) => name))]
}

function load(config: KubeConfig, source: KubeconfigSource): void {
  try {
    loadFrom(config, source)
  } catch (error) {
    if (error instanceof TallymanError) throw error
    const message = error instanceof Error ? error.message : String(error)
    // YAML errors go on with the lines around the place, which may hold a token.
    throw invalid(`The kubeconfig cannot be used: ${message.split('\n', 1)[0]}`)
  }
}

/** What a message or a status may show: an address, and no credentials in it. */
function assertAddresses({ name, server, proxyUrl }: Cluster): void {
  const url = URL.parse(server)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw invalid(`The server of cluster ${name} is no http or https URL`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid(`The server of cluster ${name} has credentials in its URL: put them under users`)
  }
  if (proxyUrl === undefined || proxyUrl === '') return
  if (!PROXY_SCHEMES.includes(URL.parse(proxyUrl)?.protocol ?? '')) {
    throw invalid(`The proxy-url of cluster ${name} is no http, https or socks5 URL`)
  }
}

const PROXY_SCHEMES = ['http:', 'https:', 'socks5:', 'socks:']

function loadFrom(config: KubeConfig, source: KubeconfigSource): void {
  if (source.kubeconfigText !== undefined) {
    config.loadFromOptions(readSecretKubeconfig(source.kubeconfigText))
    return
  }
  const files = source.kubeconfig === undefined ? defaultFiles() : [source.kubeconfig]
  const [first, ...more] = files
  if (first !== undefined) {
    loadFile(config, first)
    for (const file of more) config.mergeConfig(loadFile(new KubeConfig(), file), true)
    return
  }
  loadInCluster(config)
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

function usersOf(parsed: unknown): { name: unknown; user: Readonly<Record<string, unknown>> }[] {
  return listOf(recordOf(parsed).users).map((entry) => ({
    name: recordOf(entry).name,
    user: recordOf(recordOf(entry).user),
  }))
}

function invalid(message: string): TallymanError {
  return new TallymanError('KUBE_CONFIG_INVALID', message)
}
