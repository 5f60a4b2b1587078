/** Something in a cluster that uses an image. */
export interface WorldObject {
  readonly uid: string
  readonly image: string
  readonly digest: string
  /** True time, as everything here: ms since the beginning of the history. */
  readonly createdAt: number
  finishedAt: number | undefined
}

export type WorldEvent = { readonly type: 'put' | 'gone'; readonly object: WorldObject }

/** A cluster as it really is. */
export class WorldCluster {
  readonly identity: string
  readonly objects = new Map<string, WorldObject>()
  readonly events: WorldEvent[] = []

  constructor(identity: string) {
    this.identity = identity
  }

  create(object: WorldObject): void {
    this.objects.set(object.uid, object)
    this.events.push({ type: 'put', object })
  }

  finish(uid: string, now: number): void {
    const object = this.objects.get(uid)
    if (object === undefined || object.finishedAt !== undefined) return
    const finished = { ...object, finishedAt: now }
    this.objects.set(uid, finished)
    this.events.push({ type: 'put', object: finished })
  }

  remove(uid: string): void {
    const object = this.objects.get(uid)
    if (object === undefined) return
    this.objects.delete(uid)
    this.events.push({ type: 'gone', object })
  }
}

/** What stands between an entry of the inventory and a cluster. */
export interface Site {
  readonly name: string
  /** Which cluster its address and credentials lead to. */
  target: WorldCluster
  network: 'up' | 'cut'
  /** The open watch is dead, and nobody has noticed yet. */
  halfOpenSince: number | undefined
  /** A proxy that leaves objects out, and answers 200. */
  hides: (object: WorldObject) => boolean
  /** The right to list was taken away. */
  forbidden: boolean
  /** By how much the clocks of the cluster are ahead. */
  clockAheadMs: number
}

export function newSite(name: string, target: WorldCluster): Site {
  return {
    ...{ name, target, network: 'up', halfOpenSince: undefined, forbidden: false, clockAheadMs: 0 },
    hides: () => false,
  }
}
