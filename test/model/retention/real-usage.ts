import { type InUseIndex, inUseIndex } from '#inventory/in-use-index.ts'
import { compilePins } from '#inventory/pins.ts'
import { parseReference } from '#inventory/reference.ts'
import type { RememberedImage } from '#inventory/remembered.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import type { ManifestFacts, RepositoryFacts } from '#retention/facts.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { imageUse } from '#test/harness/image-use.ts'
import type { Dice } from '../../soak/dice.ts'

/** Each way in which a cluster, or another installation, says that it needs something. */
export const USE_ROUTES = [
  'named',
  'named under an alias',
  'named under an alias of another path',
  'named on an unknown mirror',
  'named illegibly',
  'named by digest',
  'its digest runs',
  'its config runs',
  'remembered',
  'claimed',
  'its digest is claimed',
  'pinned',
  'pinned by a pattern',
  'pinned by another installation',
] as const
export type UseRoute = (typeof USE_ROUTES)[number]

const CLUSTERS = ['hub', 'edge', 'lab']

/** What is used: a tag with its digest, and some manifest, whether a tag names it or not. */
interface Target {
  readonly repository: RepositoryFacts
  readonly tag: string
  readonly digest: string
  readonly manifest: ManifestFacts
}

/** What the inventories of some clusters, and the claim of another installation, say of a registry. */
export class RealUsage {
  readonly index: InUseIndex
  /** By digest: how it is used. Found by what was written, without the index. */
  readonly used = new Map<string, UseRoute>()
  readonly #input: Pick<RetentionInput, 'facts' | 'names'>
  readonly #clusters = CLUSTERS.map((cluster) => ({
    cluster,
    images: [] as ImageUse[],
    remembered: [] as RememberedImage[],
    pins: [] as string[],
  }))
  readonly #claimed = { images: [] as string[], digests: [] as string[], pins: [] as string[] }

  constructor(input: Pick<RetentionInput, 'facts' | 'names'>, dice: Dice) {
    const { facts, names } = input
    this.#input = input
    const manifests = [...facts.manifests.values()]
    const ofTeams = facts.repositories.filter(({ name }) => name.startsWith('team/'))
    for (let n = dice.between(3, 12); n > 0; n -= 1) {
      const route = dice.of(USE_ROUTES)
      const repository = dice.of(
        route === 'named under an alias of another path' ? ofTeams : facts.repositories,
      )
      const { tag, digest } = dice.of(repository.tags)
      if (digest === undefined) continue
      const used = this.#write(route, { repository, tag, digest, manifest: dice.of(manifests) }, dice)
      for (const each of used) this.used.set(each, route)
    }
    const snapshots = this.#clusters.map((each) => ({ ...each, pins: compilePins(each.pins) }))
    const claim = { installation: 'another', writtenAt: 0, synced: true, trusted: true, configs: [] }
    this.index = inUseIndex({ snapshots, claims: [{ ...claim, ...this.#claimed }] }, names)
  }

  /** @returns the digests that have to stay for it */
  #write(route: UseRoute, target: Target, dice: Dice): readonly string[] {
    const { host } = this.#input.names
    const { tag, digest, manifest } = target
    const { name, tags } = target.repository
    const { cluster, images, remembered, pins } = dice.of(this.#clusters)
    const runs = (image: string, changes: Partial<ImageUse> = {}) => images.push(imageUse(image, changes))
    switch (route) {
      case 'named':
        runs(`${host}/${name}:${tag}`)
        return [digest]
      case 'named under an alias':
        runs(`mirror.corp/proxy/${name}:${tag}`)
        return [digest]
      case 'named under an alias of another path':
        runs(`short.corp/${name.replace('team/', 'apps/')}:${tag}`)
        return [digest]
      case 'named on an unknown mirror':
        runs(`unknown.corp/cache/${name}:${tag}`)
        return [digest]
      case 'named illegibly':
        runs(`https://${host}/${name.toUpperCase()}:${tag}`)
        return [digest]
      case 'named by digest':
        runs(`${host}/elsewhere/app@${digest}`)
        return [digest]
      case 'its digest runs':
        runs(`docker.io/library/nginx:1`, { runningDigests: [manifest.digest] })
        return [manifest.digest]
      case 'its config runs':
        if (manifest.config === undefined) return []
        runs(`docker.io/library/nginx:1`, { runningConfigs: [manifest.config.digest] })
        return this.#withConfig(manifest.config.digest)
      case 'remembered':
        remembered.push(rememberedIn(cluster, `${host}/${name}:${tag}`, [manifest.digest]))
        return [digest, manifest.digest]
      case 'claimed':
        this.#claimed.images.push(`${host}/${name}:${tag}`)
        return [digest]
      case 'its digest is claimed':
        this.#claimed.digests.push(manifest.digest)
        return [manifest.digest]
      case 'pinned':
        pins.push(`${host}/${name}:${tag}`)
        return [digest]
      case 'pinned by a pattern': {
        const start = tag.slice(0, 2)
        pins.push(`${name}:${start}*`)
        return tags.flatMap((other) => (other.tag.startsWith(start) ? (other.digest ?? []) : []))
      }
      case 'pinned by another installation':
        this.#claimed.pins.push(`mirror.corp/proxy/${name}:${tag}`)
        return [digest]
    }
  }

  #withConfig(config: string): string[] {
    const { manifests } = this.#input.facts
    return [...manifests.values()].flatMap((each) => (each.config?.digest === config ? [each.digest] : []))
  }
}

function rememberedIn(cluster: string, image: string, digests: readonly string[]): RememberedImage {
  const reference = parseReference(image)
  return { cluster, image, reference, digests, firstSeen: 0, lastSeen: 0, users: [], configs: [] }
}
