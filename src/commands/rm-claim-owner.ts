import { asTallymanError } from '#catalogue/error.ts'
import type { ContextOptions } from '#commands/cluster-options.ts'
import { KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { systemClock } from '#time/clock.ts'

/** Of one request. */
const TIMEOUT_MS = 15_000

/**
 * The context whose cluster an installation of Tallyman runs in, among those that a command watches.
 * @param installation UID of its namespace kube-system
 * @returns undefined: none, or one that does not say who it is
 * @throws CANCELLED
 */
export async function contextOfInstallation(
  installation: string,
  { kubeconfig, contexts = [undefined] }: Pick<ContextOptions, 'kubeconfig' | 'contexts'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const context of contexts) {
    let connection: ClusterConnection | undefined
    try {
      connection = await connect({ kubeconfig, context, clock: systemClock })
      const identity = await readClusterIdentity(new KubeClient(connection), {
        signal,
        timeoutMs: TIMEOUT_MS,
      })
      if (identity === installation) return connection.name
    } catch (thrown) {
      signal.throwIfAborted()
      // Whose the claim is only makes the message say more.
      if (asTallymanError(thrown).code === 'INTERNAL') throw thrown
    } finally {
      await connection?.close()
    }
  }
  return undefined
}
