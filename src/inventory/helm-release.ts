import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { referenceOfMap } from '#inventory/image-parts.ts'
import { ImageTexts } from '#inventory/image-texts.ts'

export interface ReleaseImages {
  /** Distinct, as written. */
  readonly images: readonly string[]
  /** Something could not be read, so there may be more; `problems` says what. */
  readonly unreadable: boolean
  /** One for each part that could not be read. They hold no text of the release: it may be secret. */
  readonly problems: readonly string[]
}

/** What is read of a release; its manifests are streams of YAML documents. Hooks pull images at a rollback as well. */
const Release = z.object({
  manifest: z.string().nullish(),
  hooks: z.array(z.object({ manifest: z.string().nullish() })).nullish(),
})

/** Deeper than any object that Kubernetes has use for. */
const MAX_DEPTH = 64
/** How often a document may use one anchor, uses within what it stands for included. */
const MAX_ALIASES = 1_000
/** In UTF-16 units. To read as much takes seconds: one release must not hold up everything else for longer. */
const MAX_READ = 4 * 1024 * 1024
/** All scalars are texts, so that a tag keeps its zeros; what repeats a key is taken as Kubernetes takes it. */
const PARSING = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'error' } as const
/** Maps stay maps: to make a text of a key that is a collection takes time without end. */
const UNFOLDING = { maxAliasCount: MAX_ALIASES, mapAsMap: true }
/** As many problems are named. */
const MAX_PROBLEMS = 10

/**
 * The images that a Helm release would bring back: every text under a key `image` of its objects, and every map there
 * that spells a reference in parts. That is all of the pod templates, and of most custom kinds.
 * @param json the decoded release
 * @returns never throws
 */
export function helmReleaseImages(json: string): ReleaseImages {
  const reader = new ReleaseReader()
  const release = parseRelease(json)
  if (release === undefined) reader.problem('it is no release of Helm')
  for (const part of [release, ...(release?.hooks ?? [])]) reader.readManifest(part?.manifest ?? '')
  return reader.result
}

function parseRelease(json: string): z.output<typeof Release> | undefined {
  try {
    return Release.safeParse(JSON.parse(json)).data
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

class ReleaseReader {
  readonly #texts = new ImageTexts()
  readonly #problems: string[] = []
  #read = 0

  get result(): ReleaseImages {
    const { images, truncated } = this.#texts.found
    const problems = truncated
      ? [...this.#problems, 'it has too many images, or too deep ones']
      : this.#problems
    return { images, unreadable: problems.length > 0, problems }
  }

  problem(text: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(text)
  }

  /** Each document is read by itself, so that a broken one takes no other along. */
  readManifest(manifest: string): void {
    for (const [index, text] of manifest.split(/^(?=---(?:\s|$))/m).entries()) {
      if (mayNameImages(text)) this.#readDocument(text, `document ${index + 1}`)
    }
  }

  #readDocument(text: string, place: string): void {
    this.#read += text.length
    if (this.#read > MAX_READ) {
      this.problem(`${place}: it is too long`)
      return
    }
    try {
      for (const document of parseAllDocuments(text, PARSING)) {
        const [error] = document.errors
        if (error !== undefined) {
          const line = text.slice(0, error.pos[0]).split('\n').length
          this.problem(`${place}, line ${line}: no YAML (${error.code})`)
        }
        this.#search(document.toJS(UNFOLDING), 0, new Set())
      }
    } catch {
      // Too many aliases. Not the message: it may quote the document.
      this.problem(`${place}: it cannot be unfolded`)
    }
  }

  /** @param seen what aliases repeat is looked at once */
  #search(value: unknown, depth: number, seen: Set<unknown>): void {
    if (!isCollection(value) || seen.has(value)) return
    seen.add(value)
    if (depth === MAX_DEPTH) {
      this.#texts.markTruncated()
      return
    }
    for (const [key, child] of value.entries()) {
      if (key === 'image') this.#take(child)
      this.#search(child, depth + 1, seen)
    }
  }

  #take(image: unknown): void {
    if (typeof image === 'string') this.#texts.add(image)
    else if (image instanceof Map) this.#texts.add(referenceOfMap(Object.fromEntries(image)) ?? '')
  }
}

function isCollection(value: unknown): value is Map<unknown, unknown> | unknown[] {
  return value instanceof Map || Array.isArray(value)
}

/** Reading takes a millisecond for 2 KB: what can hold no image is left alone, and so are CRDs, which name none. */
function mayNameImages(document: string): boolean {
  return document.includes('image') && !/^kind: ["']?CustomResourceDefinition\b/m.test(document)
}
