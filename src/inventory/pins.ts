import { TallymanError } from '#catalogue/error.ts'
import { compileGlob, type Glob } from '#crds/glob.ts'
import { isPattern, type Pin, parsePin } from '#inventory/pin.ts'

/** What every node needs although no pod names it: the image of the sandbox. */
export const DEFAULT_PINS: readonly string[] = ['**/pause']

/** Images that are needed although no object of a cluster names them (S07). Immutable. */
export interface Pins {
  /** As written, each once. */
  readonly texts: readonly string[]
  /**
   * What is pinned of one repository. Linear in patterns and names.
   * @param names all names of it: the repository alone, and `host/repository` for every name of its registry (`spellings`)
   */
  of(names: readonly string[]): RepositoryPins
}

/** The pins that speak of one repository. */
export interface RepositoryPins {
  /** One that holds some image of it, as written; undefined: none does, but for digests. */
  readonly any: string | undefined
  /**
   * A pin that holds the image, as written; undefined: none does.
   * @param tag undefined: a manifest without one
   */
  pinOf(tag: string | undefined, digest?: string): string | undefined
}

/** @throws SPEC_INVALID names the first pin that cannot be read */
export function compilePins(texts: readonly string[]): Pins {
  const distinct = [...new Set(texts)]
  const digests = new Map<string, string>()
  const literals = new Map<string, TagPins>()
  const patterns: { readonly name: Glob; readonly tags: TagPins }[] = []
  for (const pin of distinct.map(readPin)) {
    if (pin.digest !== undefined) digests.set(pin.digest, pin.text)
    if (pin.digest !== undefined && pin.tag === undefined) continue
    for (const name of pin.names) {
      const tags = literals.get(name) ?? new TagPins()
      if (isPattern(name)) patterns.push({ name: compileGlob(name), tags })
      else literals.set(name, tags)
      tags.add(pin)
    }
  }
  return {
    texts: distinct,
    of(names) {
      const held = names.flatMap((name) => literals.get(name) ?? [])
      for (const { name, tags } of patterns) if (names.some((each) => name.matches(each))) held.push(tags)
      return {
        any: held[0]?.any,
        pinOf(tag, digest) {
          const byDigest = digest === undefined ? undefined : digests.get(digest)
          if (byDigest !== undefined) return byDigest
          for (const tags of held) {
            const pin = tags.pinOf(tag)
            if (pin !== undefined) return pin
          }
          return undefined
        },
      }
    },
  }
}

function readPin(text: string): Pin {
  const pin = parsePin(text)
  if (!('problem' in pin)) return pin
  throw new TallymanError('SPEC_INVALID', `pin ${JSON.stringify(text.slice(0, 128))}: ${pin.problem}`)
}

/** The tags of one repository, or of one pattern of them, that are pinned. */
class TagPins {
  #everyTag: string | undefined
  readonly #tags = new Map<string, string>()
  readonly #patterns: { readonly tag: Glob; readonly text: string }[] = []

  add({ tag, text }: Pin): void {
    if (tag === undefined) this.#everyTag ??= text
    else if (isPattern(tag)) this.#patterns.push({ tag: compileGlob(tag), text })
    else this.#tags.set(tag, text)
  }

  get any(): string | undefined {
    return this.#everyTag ?? this.#tags.values().next().value ?? this.#patterns[0]?.text
  }

  pinOf(tag: string | undefined): string | undefined {
    if (this.#everyTag !== undefined || tag === undefined) return this.#everyTag
    return this.#tags.get(tag) ?? this.#patterns.find((pattern) => pattern.tag.matches(tag))?.text
  }
}
