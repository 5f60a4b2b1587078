import { hash } from 'node:crypto'
import type { ShardPlace } from '#inventory/ledger/document.ts'

/** `namespace/name` of the ImageInventory, at each part of its ledger. */
export const INVENTORY_ANNOTATION = 'tallyman.dev/inventory'
/** Finds the heads of all ledgers. */
export const HEADS_SELECTOR = 'tallyman.dev/ledger-head=true'

/** Where the ledger of an inventory lies: ConfigMaps in the operator's namespace, named after the inventory and never owned by it. */
export class LedgerNames {
  readonly head: string

  /** @param inventory `namespace/name` */
  constructor(inventory: string) {
    this.head = `tallyman-ledger-${shortHash(inventory)}`
  }

  /** Of the part with that name. By `tallyman.dev/ledger` a human finds all parts of one ledger. */
  labels(part: string): Readonly<Record<string, string>> {
    return {
      'app.kubernetes.io/managed-by': 'tallyman',
      'app.kubernetes.io/component': 'ledger',
      'tallyman.dev/ledger': this.head,
      ...(part === this.head ? { 'tallyman.dev/ledger-head': 'true' } : {}),
    }
  }

  shard({ identity, shard, of }: ShardPlace): string {
    return `${this.head}-${shortHash(identity)}-${of}-${shard}`
  }
}

function shortHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 12)
}
