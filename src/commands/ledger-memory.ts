import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import { LedgerStore } from '#clusters/ledger-store.ts'
import type { AskedImage } from '#commands/asked-image.ts'
import { commandLog } from '#commands/command-log.ts'
import { isNamed, matchingNames } from '#commands/matching-names.ts'
import { printable } from '#commands/printable.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { RememberedUse } from '#commands/why-report.ts'
import { ImageInventory } from '#crds/image-inventory.ts'
import { rememberedImages } from '#inventory/remembered.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { customResource } from '#kube/custom-resource.ts'
import type { KubeObject } from '#kube/objects.ts'
import type { Fence } from '#runtime/fence.ts'
import { systemClock } from '#time/clock.ts'

export interface LedgerOptions {
  readonly kubeconfig: string | undefined
  /** The operator's. */
  readonly namespace: string
  /** `namespace/name`; undefined: every ImageInventory that there is. */
  readonly inventory: string | undefined
}

const INVENTORIES = customResource(ImageInventory)

/** What is read here is written by nobody but the operator. */
const READ_ONLY: Fence = {
  requestTimeoutMs: 1,
  assertLeader: () => {
    throw new TallymanError('LEADERSHIP_LOST', 'A command writes nothing')
  },
}

const TIMEOUT_MS = 15_000

/**
 * What the operator of the current context's cluster remembers of an image. Where nothing can be read, a line on stderr says why.
 * @returns undefined: no ledger was read @throws CANCELLED
 */
export async function ledgerMemory(
  asked: AskedImage,
  options: LedgerOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<RememberedUse[] | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  let connection: ClusterConnection | undefined
  try {
    connection = await connect({ kubeconfig: options.kubeconfig, clock: systemClock })
    const client = new KubeClient(connection)
    const inventories =
      options.inventory === undefined ? await inventoriesOf(client, limit) : [options.inventory]
    if (inventories.length === 0) return undefined
    const found: RememberedUse[][] = []
    for (const inventory of inventories) {
      const entries = await entriesOf(inventory, asked, client, options.namespace, terminal, limit)
      if (entries !== undefined) found.push(entries)
    }
    return found.length === 0 ? undefined : found.flat()
  } catch (thrown) {
    signal.throwIfAborted()
    const { message } = asTallymanError(thrown)
    terminal.note(`tallyman: the memory of the operator was not read: ${message}`)
    return undefined
  } finally {
    await connection?.close()
  }
}

/** Sorted; none where the cluster does not know the kind. */
async function inventoriesOf(client: KubeClient, signal: AbortSignal): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { metadata } of client.list<KubeObject>(INVENTORIES, { signal })) {
      names.push(`${metadata.namespace}/${metadata.name}`)
    }
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
  }
  return names.sort()
}

/** undefined: there is no ledger of it, and a line on stderr says where it was looked for. */
async function entriesOf(
  inventory: string,
  asked: AskedImage,
  client: KubeClient,
  namespace: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<RememberedUse[] | undefined> {
  const store = new LedgerStore({ client, fence: READ_ONLY, namespace, inventory, log: commandLog(terminal) })
  const { memories, complete } = await store.load(signal)
  if (memories.length === 0) {
    // What is damaged has been told.
    if (complete) terminal.note(`tallyman: ${printable(noLedger(inventory, namespace))}`)
    return undefined
  }
  const images = memories.flatMap(({ name, ledger }) =>
    rememberedImages(name, ledger.entries()).map((entry) => ({
      ...entry,
      digests: [...entry.digests, ...entry.configs],
    })),
  )
  return [...matchingNames(asked, images)]
    .filter(([, match]) => isNamed(match))
    .map(([{ cluster, image, firstSeen, lastSeen, users }]) => ({
      ...{ inventory, cluster, image, firstSeen, lastSeen, users },
    }))
    .sort((a, b) => b.lastSeen - a.lastSeen || compare(a.cluster, b.cluster) || compare(a.image, b.image))
}

function noLedger(inventory: string, namespace: string): string {
  return `namespace ${namespace} has no ledger of the ImageInventory ${inventory}. Where the operator runs in another one, --ledger-namespace names that`
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
