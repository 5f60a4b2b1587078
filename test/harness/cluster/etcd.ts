import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import { reservePort } from '#test/harness/ports.ts'
import { startProcess } from '#test/harness/process.ts'

export interface Etcd {
  readonly url: string
  stop(): Promise<void>
}

/** An etcd of one member with a data directory of its own. */
export async function startEtcd(stateDir: string, signal?: AbortSignal): Promise<Etcd> {
  const [client, peer, command] = await Promise.all([reservePort(), reservePort(), program('etcd')])
  const url = `http://127.0.0.1:${client.port}`
  const peerUrl = `http://127.0.0.1:${peer.port}`
  const server = await startProcess({
    name: 'etcd',
    command,
    args: [
      '--name=tallyman-test',
      `--data-dir=${path.join(stateDir, 'etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=tallyman-test=${peerUrl}`,
      // The state is thrown away after the test: it need not survive a power cut.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    logFile: path.join(stateDir, 'logs', 'etcd.log'),
    signal,
    ready: async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
  })
  return {
    url,
    stop: async () => {
      await server.stop(1_000)
      await Promise.all([client.release(), peer.release()])
    },
  }
}
