import { ChangeStamps } from '#inventory/change-stamps.ts'
import { OwnerIndex } from '#inventory/owner-index.ts'
import { SeenJournal } from '#inventory/seen-journal.ts'
import { StringPool } from '#inventory/string-pool.ts'
import type { Usage } from '#inventory/usage.ts'
import { UsagePool } from '#inventory/usage-pool.ts'
import { UsageRows } from '#inventory/usage-rows.ts'

/** What the tables of one cluster share: texts, usages, owners, and what changed of them. */
export class ClusterPools {
  /** Namespaces, owners, suffixes of names, nodes. */
  readonly texts = new StringPool()
  readonly changes = new ChangeStamps()
  readonly owners = new OwnerIndex(this.texts, this.changes)
  readonly usages = new UsagePool(this.texts)
  readonly rows = new UsageRows(this.texts, this.usages, this.owners)
  readonly journal = new SeenJournal()

  /** The id of `usage`, counted once more. */
  acquire(usage: Usage): number {
    const id = this.usages.acquire(usage)
    if (this.usages.count(id) === 1) this.journal.appeared(id)
    return id
  }

  /** Gives one count of a usage back. */
  release(id: number): void {
    if (this.usages.count(id) === 1) this.journal.vanishes(id, (going) => this.rows.one(going, ''))
    this.usages.release(id)
  }

  /** Something changed of every image of the usage. */
  changed(id: number): void {
    this.changes.advance()
    this.usages.forEachImage(id, (image) => this.changes.mark(image))
  }

  /** An object goes over from one usage to another. */
  replaced(before: number, after: number): void {
    if (before === after) return
    this.changes.advance()
    this.usages.forEachDifference(before, after, (image) => this.changes.mark(image))
    this.usages.forEachImage(after, (image) => this.changes.markMoved(image))
  }

  /** Marks the images of owners of which something became known since the last call. */
  markOwned(): void {
    const changed = this.owners.takeChanged()
    if (changed === undefined) return
    for (let id = 0; id < this.usages.idEnd; id++) {
      if (this.usages.count(id) === 0) continue
      const { ownerKind, namespace, ownerName } = this.usages.head(id)
      if (!changed(ownerKind, namespace, ownerName)) continue
      this.usages.forEachImage(id, (image) => this.changes.mark(image))
    }
  }

  /** Gives back what growing reserved ahead of need. */
  trim(): void {
    this.texts.trim()
    this.usages.trim()
    this.owners.trim()
  }
}
