import { parseImageID } from '#inventory/image-id.ts'
import { type Locator, locator, type RegistryNames } from '#inventory/locate.ts'
import { endingsOf, salvagedRepositories } from '#inventory/meant-repositories.ts'
import type { ImageReference } from '#inventory/reference.ts'
import { type Salvaged, salvage } from '#inventory/salvage.ts'

/** An image of a registry, as the registry names it. Neither tag nor digest: any image of the repository. */
export interface RegistryImage {
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest?: string | undefined
}

/**
 * Why an image of the registry is taken for one that is used, strongest first.
 * `reference`: it is named, by tag or digest, under a name of the registry.
 * `digest`: its digest is named or runs somewhere, whatever the repository (S06).
 * `salvaged`: a text that is no legal reference seems to mean it.
 * `suspected-alias`: it is named under a path that ends in its repository's, on any host (S06).
 */
export type Match = 'reference' | 'digest' | 'salvaged' | 'suspected-alias'

/**
 * Who uses an image of one registry: `add…` what is used, then ask. Building takes time in proportion to what is added,
 * asking in proportion to the answer.
 */
export class UsageLookup<T> {
  readonly #locate: Locator
  /** By host and path, as they are written. */
  readonly #named = new Map<string, PathUses<T>>()
  /** By repository of the registry: the names under which it is used. */
  readonly #located = new Lists<PathUses<T>>()
  /** By path: the names that end in it. */
  readonly #ending = new Lists<PathUses<T>>()
  /** By repository. */
  readonly #salvaged = new Lists<Spoilt<T>>()
  readonly #digests = new Lists<T>()
  readonly #configs = new Lists<T>()

  constructor(names: RegistryNames) {
    this.#locate = locator(names)
  }

  /** @param reference what `image` says; undefined: it is no legal reference */
  addImage(user: T, image: string, reference: ImageReference | undefined): void {
    if (reference === undefined) this.#addSalvaged(user, salvage(image))
    else this.#addReference(user, reference)
    const id = parseImageID(image)
    if (id?.kind !== 'config') return
    // A pod may name an image by its id. That of a manifest looks the same.
    this.addConfig(user, id.digest)
    this.addDigest(user, id.digest)
  }

  /** Of a manifest or an index. */
  addDigest(user: T, digest: string): void {
    this.#digests.add(digest, user)
  }

  addConfig(user: T, digest: string): void {
    this.#configs.add(digest, user)
  }

  /** Each user once, with the strongest match, strongest first. */
  find(image: RegistryImage): ReadonlyMap<T, Match> {
    const { repository, tag, digest } = image
    const found = new Found<T>()
    for (const uses of this.#located.of(repository)) found.take('reference', uses.of(image))
    if (digest !== undefined) found.take('digest', this.#digests.of(digest))
    for (const { user, tag: meant } of this.#salvaged.of(repository)) {
      if (meant === undefined || meant === tag || (tag ?? digest) === undefined)
        found.take('salvaged', [user])
    }
    for (const uses of this.#ending.of(repository)) found.take('suspected-alias', uses.of(image))
    return found.users
  }

  /** Who runs an image with this config, where no more is known of it (S06). */
  findConfig(digest: string): ReadonlyMap<T, Match> {
    const found = new Found<T>()
    found.take('digest', this.#configs.of(digest))
    return found.users
  }

  #addReference(user: T, reference: ImageReference): void {
    this.#usesOf(reference).add(reference, user)
    if (reference.digest !== undefined) this.addDigest(user, reference.digest)
  }

  #usesOf(reference: ImageReference): PathUses<T> {
    const path = `${reference.host}/${reference.repository}`
    const known = this.#named.get(path)
    if (known !== undefined) return known
    const uses = new PathUses<T>()
    this.#named.set(path, uses)
    const located = this.#locate(reference)
    if (located !== undefined) this.#located.add(located.repository, uses)
    for (const end of endingsOf(reference)) this.#ending.add(end, uses)
    return uses
  }

  #addSalvaged(user: T, salvaged: Salvaged | undefined): void {
    if (salvaged === undefined) return
    const { tag, digest } = salvaged
    if (digest !== undefined) this.addDigest(user, digest)
    for (const repository of salvagedRepositories(salvaged, this.#locate))
      this.#salvaged.add(repository, { user, tag })
  }
}

/** Each user once, with the first match. Most of what a registry has nobody uses, and that takes no memory. */
class Found<T> {
  #users: Map<T, Match> | undefined

  get users(): ReadonlyMap<T, Match> {
    return this.#users ?? NOBODY
  }

  take(match: Match, users: readonly T[]): void {
    for (const user of users) {
      this.#users ??= new Map()
      if (!this.#users.has(user)) this.#users.set(user, match)
    }
  }
}

const NOBODY: ReadonlyMap<never, Match> = new Map<never, Match>()
const NONE: readonly never[] = []

/** Somebody means an image of a repository, it seems. */
interface Spoilt<T> {
  readonly user: T
  /** undefined: any tag may be meant. */
  readonly tag: string | undefined
}

/** Who names which images of one path. */
class PathUses<T> {
  readonly #all: T[] = []
  /** By tag or digest: no tag holds a colon, and every digest does. */
  readonly #users = new Lists<T>()

  add({ tag, digest }: Pick<RegistryImage, 'tag' | 'digest'>, user: T): void {
    this.#all.push(user)
    if (tag !== undefined) this.#users.add(tag, user)
    if (digest !== undefined) this.#users.add(digest, user)
  }

  of({ tag, digest }: Pick<RegistryImage, 'tag' | 'digest'>): readonly T[] {
    if (tag === undefined && digest === undefined) return this.#all
    const byTag = tag === undefined ? NONE : this.#users.of(tag)
    const byDigest = digest === undefined ? NONE : this.#users.of(digest)
    return byDigest.length === 0 ? byTag : [...byTag, ...byDigest]
  }
}

/** Any number of values under each key. */
class Lists<T> {
  readonly #lists = new Map<string, T[]>()

  add(key: string, value: T): void {
    const list = this.#lists.get(key)
    if (list === undefined) this.#lists.set(key, [value])
    else list.push(value)
  }

  of(key: string): readonly T[] {
    return this.#lists.get(key) ?? NONE
  }
}
