import { atOnce } from '#inventory/at-once.ts'
import type { NamedUses, ObjectUse } from '#inventory/cluster-uses.ts'

/** Lists of nodes that are sorted in one step. */
const SHOWN_AT_ONCE = 500

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
  return atOnce(imageNodesInSteps(clusters, images, limit, Number.POSITIVE_INFINITY))
}

/**
 * The same for who must not hold up the event loop: between two steps, clusters may change.
 * @param size of a step (see ClusterUses.objectBatches)
 */
export function* imageNodesInSteps(
  clusters: readonly NamedUses[],
  images: Iterable<string>,
  limit: number,
  size: number,
): Generator<undefined, Map<string, ImageNodes>> {
  const asked = [...images]
  const places = new Map<string, Places>()
  for (const { name, uses } of clusters) {
    for (const objects of uses.objectBatches(name, { images: asked }, size)) {
      for (const object of objects) addObject(places, name, object)
      yield
    }
  }
  const found = new Map<string, ImageNodes>()
  for (const [image, place] of places) {
    found.set(image, shown(place, limit))
    if (found.size % SHOWN_AT_ONCE === 0) yield
  }
  return found
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
