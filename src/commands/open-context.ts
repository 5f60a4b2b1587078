import { asTallymanError, hasCode } from '#catalogue/error.ts'
import { KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { Clock } from '#time/clock.ts'

/** A context of a kubeconfig whose cluster answers. */
export interface OpenContext {
  readonly name: string
  /** To be closed by who opened it. */
  readonly connection: ClusterConnection
  /** It says who it is, so that another context of the same cluster is noticed. */
  readonly isIdentified: boolean
}

/** A context that cannot be read, and why. */
export interface MissingContext {
  readonly name: string
  readonly problem: string
}

export interface OpenOptions {
  readonly kubeconfig: string | undefined
  /** undefined: the current one. */
  readonly context: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How long the cluster may take to answer, ms. */
  readonly timeoutMs: number
}

/**
 * Connects and asks the cluster one question. Who waits for an answer on the command line is told at once that there is none.
 * @throws KUBE_CONFIG_INVALID where the current context is meant and there is none; CANCELLED
 */
export async function openContext(options: OpenOptions): Promise<OpenContext | MissingContext> {
  const { kubeconfig, context, clock, signal, timeoutMs } = options
  let connection: ClusterConnection | undefined
  try {
    connection = await connect({ kubeconfig, context, clock })
    const isIdentified = await saysWhoItIs(connection, signal, timeoutMs)
    return { name: connection.name, connection, isIdentified }
  } catch (thrown) {
    await connection?.close()
    signal.throwIfAborted()
    const name = connection?.name ?? context
    if (name === undefined) throw thrown
    return { name, problem: asTallymanError(thrown).advice }
  }
}

async function saysWhoItIs(
  connection: ClusterConnection,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<boolean> {
  try {
    await readClusterIdentity(new KubeClient(connection), { signal, timeoutMs })
    return true
  } catch (error) {
    if (hasCode(error, 'KUBE_FORBIDDEN')) return false
    throw error
  }
}
