import { hash } from 'node:crypto'
import type { ShardPlace } from '#inventory/ledger/document.ts'

/** Where the ledger of an inventory lies: ConfigMaps in the operator's namespace, named after the inventory and never owned by it. */
export class LedgerNames {
  readonly head: string

  /** @param inventory `namespace/name` */
  constructor(inventory: string) {
    this.head = `tallyman-ledger-${shortHash(inventory)}`
  }

  shard({ identity, shard, of }: ShardPlace): string {
    return `${this.head}-${shortHash(identity)}-${of}-${shard}`
  }
}

function shortHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 12)
}
