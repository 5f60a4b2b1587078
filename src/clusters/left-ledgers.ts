import { HEADS_SELECTOR, INVENTORY_ANNOTATION } from '#clusters/ledger-names.ts'
import type { KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/objects.ts'
import { CONFIG_MAPS } from '#kube/resource.ts'

/** The memory of an ImageInventory that is gone. */
export interface LeftLedger {
  /** `namespace/name` it had. */
  readonly inventory: string
  /** The operator's own. */
  readonly namespace: string
  /** The ConfigMap that heads the ledger, and the label of all its parts. */
  readonly name: string
}

/** What is wrong, and how it ends. */
export function leftSentence({ inventory, namespace, name }: LeftLedger): string {
  const release = `kubectl -n ${namespace} delete configmaps -l tallyman.dev/ledger=${name}`
  return `ImageInventory ${inventory} is gone, and what it saw may still be in use: apply it again, or, once nothing runs there any more: ${release}`
}

export interface LeftLedgersParts {
  /** Of the cluster that we run in. */
  readonly client: Pick<KubeClient, 'list'>
  /** The operator's own. */
  readonly namespace: string
  /** `namespace/name` of every ImageInventory that there is. */
  readonly inventories: () => readonly string[]
}

/**
 * The ledgers whose ImageInventory is gone. What that protected may still run: it was removed by mistake as likely as on purpose, and what is left of it says so until
 * a human deletes it (S05).
 */
export class LeftLedgers {
  readonly #parts: LeftLedgersParts

  constructor(parts: LeftLedgersParts) {
    this.#parts = parts
  }

  /** Lists the heads, which are small. @throws KUBE_*, CANCELLED */
  async read(signal: AbortSignal): Promise<LeftLedger[]> {
    const { client, namespace, inventories } = this.#parts
    const left: LeftLedger[] = []
    const call = { namespace, labelSelector: HEADS_SELECTOR, signal }
    for await (const { metadata } of client.list<KubeObject>(CONFIG_MAPS, call)) {
      const inventory = metadata.annotations?.[INVENTORY_ANNOTATION]
      if (inventory !== undefined) left.push({ inventory, namespace, name: metadata.name })
    }
    const there = new Set(inventories())
    return left.filter(({ inventory }) => !there.has(inventory))
  }
}
