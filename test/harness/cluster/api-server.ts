import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import type { Credentials } from '#test/harness/cluster/credentials.ts'
import { answersOk } from '#test/harness/cluster/https-probe.ts'
import { reservePort } from '#test/harness/ports.ts'
import { type RunningProcess, startProcess } from '#test/harness/process.ts'

export interface ApiServer {
  readonly url: string
  /** Its own certificate with the CA that signed it. */
  readonly caPem: string
  readonly caFile: string
  /** Ends the process. Port, certificate and what is in etcd stay for `start`. */
  stop(graceMs?: number): Promise<void>
  /** Ends the process by SIGKILL: nothing of it is orderly. */
  kill(): Promise<void>
  /** Starts it again after `stop` or `kill`. */
  start(): Promise<void>
  /** `stop`, and gives the port back. */
  close(): Promise<void>
}

export interface ApiServerOptions {
  readonly stateDir: string
  readonly etcdUrl: string
  readonly credentials: Credentials
  /** Whether pods need the ServiceAccount that only a controller manager creates. */
  readonly serviceAccountAdmission: boolean
  /** Ends the first start. */
  readonly signal?: AbortSignal | undefined
}

/** A kube-apiserver on a loopback port, ready to serve. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { stateDir, credentials } = options
  const [reserved, command] = await Promise.all([reservePort(), program('kube-apiserver')])
  const url = `https://127.0.0.1:${reserved.port}`
  const certDir = path.join(stateDir, 'apiserver')
  const launch = (signal?: AbortSignal) =>
    startProcess({
      name: 'kube-apiserver',
      command,
      args: flags(options, reserved.port, certDir),
      logFile: path.join(stateDir, 'logs', 'kube-apiserver.log'),
      signal,
      ready: () => answersOk(`${url}/readyz`, credentials.adminToken),
    })
  let running: RunningProcess | undefined = await launch(options.signal)
  // The file holds the serving certificate and the CA made for it.
  const caFile = path.join(certDir, 'apiserver.crt')
  // It holds its port for seconds after SIGTERM, and a minute while somebody watches: only the end of the process counts.
  const stop = async (graceMs = 4_000) => {
    await running?.stop(graceMs)
    running = undefined
  }
  return {
    url,
    caPem: await readFile(caFile, 'utf8'),
    caFile,
    stop,
    kill: async () => {
      running?.signal('SIGKILL')
      await running?.exited
      running = undefined
    },
    start: async () => {
      if (running?.running === true) throw new Error('the API server runs already')
      running = await launch()
    },
    close: async () => {
      await stop(500)
      await reserved.release()
    },
  }
}

function flags(options: ApiServerOptions, port: number, certDir: string): string[] {
  const { credentials } = options
  return [
    `--etcd-servers=${options.etcdUrl}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${certDir}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.verifyingKeyFile}`,
    `--service-account-signing-key-file=${credentials.signingKeyFile}`,
    `--token-auth-file=${credentials.tokenFile}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    // A loopback address is no valid endpoint of the service `kubernetes`.
    '--endpoint-reconciler-type=none',
    ...(options.serviceAccountAdmission ? [] : ['--disable-admission-plugins=ServiceAccount']),
  ]
}
