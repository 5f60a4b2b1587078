import type { NamedUses, ObjectUse } from '#inventory/cluster-uses.ts'

/** Nodes of one image as `cluster/node`, sorted; lists are cut, the count is whole. An empty list proves nothing. */
export interface ImageNodes {
  /** Where pods run it. */
  readonly runs: string[]
  /** Where pods that have ended ran it. */
  readonly ran: string[]
  /** Where it lies in the cache of the node. */
  readonly caches: string[]
  readonly cachingCount: number
}

/**
 * Where the images asked for run, ran and lie, of those that a node has to do with. O(objects).
 * @param images as written
 * @param limit how many nodes each list names
 */
export function imageNodes(
  clusters: readonly NamedUses[],
  images: Iterable<string>,
  limit: number,
): Map<string, ImageNodes> {
  const asked = [...images]
  const places = new Map<string, Places>()
  for (const { name, uses } of clusters) {
    for (const object of uses.objectsUsing(name, { images: asked })) addObject(places, name, object)
  }
  return new Map(Array.from(places, ([image, place]) => [image, shown(place, limit)]))
}

type Places = Readonly<Record<'runs' | 'ran' | 'caches', Set<string>>>

function addObject(places: Map<string, Places>, cluster: string, { row, ...object }: ObjectUse): void {
  const node = row.use === 'node' ? object.name : object.node
  if (node === '') return
  for (const { image, pullFailing } of row.containers) {
    const list = row.use === 'node' ? 'caches' : row.finished ? 'ran' : 'runs'
    // A pod that is scheduled and has not started proves nothing of its node.
    if (list === 'runs' && (pullFailing || object.phase !== 'Running')) continue
    let place = places.get(image)
    if (place === undefined) {
      place = { runs: new Set(), ran: new Set(), caches: new Set() }
      places.set(image, place)
    }
    place[list].add(`${cluster}/${node}`)
  }
}

function shown({ runs, ran, caches }: Places, limit: number): ImageNodes {
  const first = (nodes: ReadonlySet<string>) => [...nodes].sort().slice(0, limit)
  return { runs: first(runs), ran: first(ran), caches: first(caches), cachingCount: caches.size }
}
