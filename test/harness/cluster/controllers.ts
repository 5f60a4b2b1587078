import path from 'node:path'
import { type ProgramName, program } from '#test/harness/binaries/programs.ts'
import { answersOk } from '#test/harness/cluster/https-probe.ts'
import { reservePort } from '#test/harness/ports.ts'
import { startProcess } from '#test/harness/process.ts'

export interface Controllers {
  stop(): Promise<void>
}

export interface ControllersOptions {
  readonly stateDir: string
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string
  readonly signingKeyFile: string
  readonly caFile: string
  readonly signal?: AbortSignal | undefined
}

/** kube-controller-manager and kube-scheduler: Deployments, Jobs, garbage collection and scheduling are real. */
export async function startControllers(options: ControllersOptions): Promise<Controllers> {
  const started = await Promise.allSettled([
    startComponent(options, 'kube-controller-manager', [
      `--service-account-private-key-file=${options.signingKeyFile}`,
      `--root-ca-file=${options.caFile}`,
    ]),
    startComponent(options, 'kube-scheduler', []),
  ])
  const running = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const stop = async () => {
    await Promise.all(running.map((component) => component.stop()))
  }
  const failed = started.find((each) => each.status === 'rejected')
  if (failed === undefined) return { stop }
  await stop()
  throw failed.reason
}

async function startComponent(
  options: ControllersOptions,
  name: ProgramName,
  flags: readonly string[],
): Promise<Controllers> {
  const [reserved, command] = await Promise.all([reservePort(), program(name)])
  const server = await startProcess({
    name,
    command,
    args: [
      `--kubeconfig=${options.kubeconfig}`,
      `--authentication-kubeconfig=${options.kubeconfig}`,
      `--authorization-kubeconfig=${options.kubeconfig}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${reserved.port}`,
      `--cert-dir=${path.join(options.stateDir, name)}`,
      // The default of 20 requests a second is made for production, and slow for a test.
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
      ...flags,
    ],
    logFile: path.join(options.stateDir, 'logs', `${name}.log`),
    signal: options.signal,
    ready: () => answersOk(`https://127.0.0.1:${reserved.port}/healthz`),
  })
  return {
    stop: async () => {
      await server.stop(1_000)
      await reserved.release()
    },
  }
}
