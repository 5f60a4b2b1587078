/** How the watcher is started. */
export interface Beginning {
  readonly kind: 'begin'
  /** File; the cluster that it runs in, with Secrets and ledger. */
  readonly kubeconfig: string
  readonly namespace: string
  readonly name: string
  /** Of the ImageInventory, as a user writes it. */
  readonly spec: object
  /** Pauses are this many times shorter. */
  readonly hurry: number
}

/** What happens to the watcher beside what happens to its clusters. */
export type Order =
  | Beginning
  /** The ImageInventory was applied. */
  | { readonly kind: 'apply'; readonly spec: object }
  /** The ImageInventory was deleted. */
  | { readonly kind: 'remove' }
  | { readonly kind: 'lead' }
  /** The lease is somebody else's. */
  | { readonly kind: 'stand by' }
  /** Its wall clock is ahead by this much. */
  | { readonly kind: 'set clock'; readonly aheadMs: number }
  /** SIGTERM. */
  | { readonly kind: 'stop' }

/** One snapshot, as far as it is judged. Moments are machineTime. */
export interface Sight {
  readonly kind: 'sight'
  /** When it was complete. */
  readonly madeAt: number
  readonly synced: boolean
  readonly trusted: boolean
  readonly barrier: number | undefined
  /** What was in use lately was read. */
  readonly loaded: boolean
  readonly coveredMs: number | undefined
  /** Why it is not synced, or not trusted. */
  readonly why: readonly string[]
  /** What accepts a shrink, by cluster. */
  readonly tokens: Readonly<Record<string, string>>
  /** Images that live objects use. */
  readonly live: readonly string[]
  /** Images that are remembered, and all digests that run or ran. */
  readonly remembered: readonly string[]
}

/** The order before was carried out, in the order in which they were given. */
export interface Done {
  readonly kind: 'done'
}

export type Message = Sight | Done
