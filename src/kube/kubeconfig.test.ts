import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { TallymanError } from '#catalogue/error.ts'
import { contextsOf, loadKubeconfig } from '#kube/kubeconfig.ts'
import { systemClock } from '#time/clock.ts'

const CLUSTER = { server: 'https://one.example:6443' }
const USER = { token: 'secret-token' }

function kubeconfig({ cluster = CLUSTER, user = USER }: { cluster?: object; user?: object } = {}): object {
  return {
    'current-context': 'one',
    clusters: [
      { name: 'c', cluster },
      { name: 'd', cluster: { server: 'https://two.example' } },
    ],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u' } },
      { name: 'two', context: { cluster: 'd', user: 'u', namespace: 'n' } },
    ],
  }
}

const text = (options: Parameters<typeof kubeconfig>[0] = {}) => stringify(kubeconfig(options))
const load = (kubeconfigText: string, context?: string) =>
  loadKubeconfig(new KubeConfig(), { kubeconfigText, context })

/** @returns the message of the refusal */
function refusal(kubeconfigText: string): string {
  try {
    load(kubeconfigText)
  } catch (error) {
    if (!(error instanceof TallymanError)) throw error
    // A cause would be logged too.
    expect([error.code, error.cause]).toEqual(['KUBE_CONFIG_INVALID', undefined])
    return error.message
  }
  throw new Error('it was not refused')
}

describe('a kubeconfig from a Secret', () => {
  it('gives any of its contexts', () => {
    expect(contextsOf({ kubeconfigText: text() })).toEqual(['one', 'two'])
    expect(load(text()).getCurrentCluster()?.server).toBe('https://one.example:6443')
    const two = load(text(), 'two')
    expect([two.getCurrentCluster()?.server, two.getCurrentUser()?.token]).toEqual([
      'https://two.example',
      'secret-token',
    ])
  })

  it('may hold all that is data', () => {
    const cluster = {
      server: 'https://one.example/base/',
      'certificate-authority-data': 'Q0E=',
      'insecure-skip-tls-verify': true,
      'tls-server-name': 'api',
      'proxy-url': 'http://user:password@proxy.example:3128',
    }
    const user = {
      ...{ token: 't', 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' },
      ...{ username: 'n', password: 'p', as: 'other' },
    }
    const config = load(text({ cluster, user }))
    expect(config.getCurrentCluster()).toEqual({
      name: 'c',
      server: 'https://one.example/base',
      caData: 'Q0E=',
      skipTLSVerify: true,
      tlsServerName: 'api',
      proxyUrl: 'http://user:password@proxy.example:3128',
    })
    expect(config.getCurrentUser()).toEqual({
      name: 'u',
      ...{ token: 't', certData: 'Q0VSVA==', keyData: 'S0VZ', username: 'n', password: 'p' },
      impersonateUser: 'other',
    })
  })

  it.each([
    ['exec', /token or a client certificate/],
    ['auth-provider', /token or a client certificate/],
    ['client-certificate', /client-certificate-data$/],
    ['client-key', /client-key-data$/],
    ['tokenFile', /into token$/],
    ['token-file', /into token$/],
    ['as-uid', /not supported/],
    ['as-groups', /not supported/],
    ['as-user-extra', /not supported/],
    ['<<', /write the fields out/],
  ])('may not use %s of a user, and says what to do instead', (field, remedy) => {
    const message = refusal(text({ user: { ...USER, [field]: { command: 'secret-program' } } }))
    expect(message).toContain(`may not use "${field}" (in users "u")`)
    expect(message).toMatch(remedy)
    expect(message).not.toContain('secret')
    expect(() => contextsOf({ kubeconfigText: text({ user: { [field]: 'x' } }) })).toThrow(message)
  })

  it('may not name a CA file, nor merge in what is not looked at', () => {
    const cluster = { ...CLUSTER, 'certificate-authority': '/etc/passwd' }
    expect(refusal(text({ cluster }))).toMatch(/"certificate-authority" .*certificate-authority-data$/)
    const merged = `%YAML 1.1\n---\nx: &x {exec: {command: id}}\n${text().replace('token:', '<<: *x\n      token:')}`
    expect(refusal(merged)).toMatch(/"exec"|"<<"/)
    expect(refusal(merged.replace('%YAML 1.1\n---\n', ''))).toMatch(/"<<"/)
  })

  it.each([
    ['broken YAML', 'users:\n- name: u\n  user:\n    token: secret-token\n   x: "y'],
    ['a tab', 'users:\n\t- token: secret-token'],
    ['two documents', `${text()}---\n${text()}`],
    ['no mapping', '- secret-token'],
    ['nothing', ''],
    ['an alias that names nothing', 'users: *secret-token'],
    ['an alias of itself', 'users: &a [*a]'],
    ['a name that is no text', text().replace('name: u', 'name: 7')],
    ['an entry without a name', text().replace('name: u', 'n: u')],
    ['two users of one name', stringify({ users: [{ name: 'u' }, { name: 'u' }] })],
    ['a token that is no text', text({ user: { token: ['secret-token'] } })],
    ['a cluster without a server', text({ cluster: {} })],
    ['a context without a cluster', text().replace('cluster: c', 'user: u2')],
    ['a server that is no URL', text({ cluster: { server: 'one.example' } })],
    ['a server that is a file', text({ cluster: { server: 'file:///etc/passwd' } })],
    ['credentials in the address', text({ cluster: { server: 'https://u:secret-token@one.example' } })],
    ['another kind of proxy', text({ cluster: { ...CLUSTER, 'proxy-url': 'file://secret-token' } })],
    ['no current context', text().replace('current-context: one', 'current-context: three')],
  ])('is refused with %s, and its content shown to nobody', (_what, broken) => {
    expect(refusal(broken)).not.toContain('secret')
  })

  it.each([
    ['text', `${text()}# ${'x'.repeat(1024 * 1024)}`],
    ['brackets', `${text()}x: ${'['.repeat(1024 * 1024 - 1_000)}`],
    ['dashes', `${text()}x:\n${'- '.repeat(500_000)}`],
    ['nested mappings', `${text()}x: ${'{a: '.repeat(200_000)}`],
    ['keys', `${text()}${Array.from({ length: 90_000 }, (_, key) => `k${key}: 1`).join('\n')}`],
    ['aliases', bomb((names) => `[${names}]`)],
    ['merged aliases', `%YAML 1.1\n---\n${bomb((names) => `{<<: [${names}]}`)}`],
  ])('is refused in good time where it holds too many %s', (_what, hostile) => {
    const started = systemClock.monotonic()
    refusal(hostile)
    expect(systemClock.monotonic() - started).toBeLessThan(5_000)
  })

  it('may be large where that has a reason', () => {
    const data = Buffer.alloc(2_000, 7).toString('base64')
    const names = Array.from({ length: 100 }, (_, n) => `cluster-${n}`)
    const large = stringify({
      'current-context': 'cluster-0',
      clusters: names.map((name) => ({ name, cluster: { ...CLUSTER, 'certificate-authority-data': data } })),
      users: names.map((name) => ({ name, user: { ...USER, 'client-certificate-data': data } })),
      contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
    })
    expect(contextsOf({ kubeconfigText: large })).toEqual(names)
  })
})

/** Nine levels of nine aliases each: 387 million at the end. */
function bomb(level: (names: string) => string): string {
  const levels = Array.from({ length: 9 }, (_, n) => {
    const names = Array.from({ length: 9 }, () => `*a${n}`)
    return `a${n + 1}: &a${n + 1} ${level(names.join(', '))}\n`
  })
  return `a0: &a0 {x: 1}\n${levels.join('')}${text()}`
}

describe('a kubeconfig file', () => {
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'kubeconfig-'))
  })

  afterAll(() => rm(directory, { recursive: true }))

  const file = async (content: string) => {
    const name = path.join(directory, 'config')
    await writeFile(name, content)
    return { kubeconfig: name }
  }

  it('gives its contexts and may refer to programs and files', async () => {
    const user = { exec: { command: 'login', apiVersion: 'client.authentication.k8s.io/v1' } }
    const source = await file(text({ user }))
    expect(contextsOf(source)).toEqual(['one', 'two'])
    expect(loadKubeconfig(new KubeConfig(), source).getCurrentUser()?.exec).toEqual(user.exec)
  })

  it('is not shown where it is broken', async () => {
    const source = await file('users:\n- name: u\n  user:\n    token: secret-token\n   x: - y')
    for (const read of [() => contextsOf(source), () => loadKubeconfig(new KubeConfig(), source)]) {
      expect(read).toThrow(/cannot be used: bad indentation/)
      expect(read).not.toThrow(/secret/)
    }
  })
})
