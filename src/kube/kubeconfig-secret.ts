import { TallymanError } from '#catalogue/error.ts'
import { isRecord, listOf, recordOf } from './json.ts'
import { parseKubeconfigYaml } from './kubeconfig-yaml.ts'

/** As client-node's KubeConfig.loadFromOptions takes it. */
export interface KubeconfigContent {
  readonly clusters: readonly { readonly name: string; readonly server: string }[]
  readonly users: readonly { readonly name: string }[]
  readonly contexts: readonly { readonly name: string; readonly cluster: string }[]
  readonly currentContext: string
}

const RUNS_A_PROGRAM = 'it runs a program in our pod; put a token or a client certificate into it'
const ACTS_AS_ANOTHER = 'it is not supported, and without it we would act as somebody else'
const MERGES = 'write the fields out'

/** What other kubeconfigs may hold and one from a Secret may not, and what to do instead. */
const REFUSED: Readonly<Record<'clusters' | 'users' | 'contexts', Readonly<Record<string, string>>>> = {
  clusters: {
    'certificate-authority': 'it names a file of our pod; put the content into certificate-authority-data',
    '<<': MERGES,
  },
  users: {
    exec: RUNS_A_PROGRAM,
    'auth-provider': RUNS_A_PROGRAM,
    'client-certificate': 'it names a file of our pod; put the content into client-certificate-data',
    'client-key': 'it names a file of our pod; put the content into client-key-data',
    tokenFile: 'it names a file of our pod; put the content into token',
    'token-file': 'it names a file of our pod; put the content into token',
    'as-uid': ACTS_AS_ANOTHER,
    'as-groups': ACTS_AS_ANOTHER,
    'as-user-extra': ACTS_AS_ANOTHER,
    '<<': MERGES,
  },
  contexts: { '<<': MERGES },
}

/**
 * A kubeconfig from a Secret is input of a user: it may neither run a program in our pod nor make us read a file of our
 * pod and send its content to an address of the user's choice. What is not known here never reaches client-node.
 * `proxy-url` and `insecure-skip-tls-verify` are the user's own business, as `server` is: they say only where we connect.
 * @throws KUBE_CONFIG_INVALID
 */
export function readSecretKubeconfig(text: string): KubeconfigContent {
  const parsed = parseKubeconfigYaml(text)
  if (!isRecord(parsed)) throw invalid('The kubeconfig is not a YAML mapping')
  const currentContext = parsed['current-context']
  return {
    clusters: entriesOf(parsed, 'clusters', 'cluster').map((cluster) => ({
      name: cluster.name,
      server: required(cluster, 'server').replace(/\/$/, ''),
      caData: optional(cluster, 'certificate-authority-data'),
      skipTLSVerify: cluster.fields['insecure-skip-tls-verify'] === true,
      tlsServerName: optional(cluster, 'tls-server-name'),
      proxyUrl: optional(cluster, 'proxy-url'),
    })),
    users: entriesOf(parsed, 'users', 'user').map((user) => ({
      name: user.name,
      token: optional(user, 'token'),
      certData: optional(user, 'client-certificate-data'),
      keyData: optional(user, 'client-key-data'),
      username: optional(user, 'username'),
      password: optional(user, 'password'),
      impersonateUser: optional(user, 'as'),
    })),
    contexts: entriesOf(parsed, 'contexts', 'context').map((context) => ({
      name: context.name,
      cluster: required(context, 'cluster'),
      user: optional(context, 'user'),
      namespace: optional(context, 'namespace'),
    })),
    currentContext: typeof currentContext === 'string' ? currentContext : '',
  }
}

interface Entry {
  readonly name: string
  /** For messages: `users "admin"`. */
  readonly where: string
  readonly fields: Readonly<Record<string, unknown>>
}

function entriesOf(
  kubeconfig: Readonly<Record<string, unknown>>,
  list: keyof typeof REFUSED,
  content: string,
): Entry[] {
  const entries = listOf(kubeconfig[list]).map((raw, index) => {
    const { name, [content]: fields } = recordOf(raw)
    if (typeof name !== 'string' || name === '') throw invalid(`${list}[${index}] has no name`)
    return { name, where: `${list} "${name}"`, fields: recordOf(fields) }
  })
  const names = new Set<string>()
  for (const { name, where, fields } of entries) {
    if (names.has(name)) throw invalid(`The kubeconfig has two ${where}`)
    names.add(name)
    for (const [field, remedy] of Object.entries(REFUSED[list])) {
      if ((fields[field] ?? undefined) === undefined) continue
      throw invalid(`The kubeconfig of a Secret may not use "${field}" (in ${where}): ${remedy}`)
    }
  }
  return entries
}

function required(entry: Entry, field: string): string {
  const text = optional(entry, field)
  if (text === undefined || text === '') throw invalid(`"${field}" is missing in ${entry.where}`)
  return text
}

function optional({ fields, where }: Entry, field: string): string | undefined {
  const value = fields[field] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw invalid(`"${field}" in ${where} is no text`)
}

function invalid(message: string): TallymanError {
  return new TallymanError('KUBE_CONFIG_INVALID', message)
}
