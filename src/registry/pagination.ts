import { hasCode, TallymanError } from '#catalogue/error.ts'
import { nextLinks } from './link.ts'

/** The one page size that every product accepts: distribution and ECR refuse more. */
export const PAGE_SIZE = 1000
/** A listing that goes on after so many does not end. */
const MAX_PAGES = 10_000
const MAX_ENTRIES = 2_000_000
const MAX_EMPTY_PAGES = 16
const MAX_RESTARTS = 3
/** Where nobody says how many, products send a multiple of it: 50, 100, 1000. */
const ROUND = 10

export interface Page {
  /** Its entries, in lists of any length: a page may hold a million. Read once, before the next page is asked for. */
  readonly batches: Iterable<readonly string[]>
  /** Values of the Link headers. */
  readonly links: readonly string[]
}

/** What is remembered of a page once its entries have been handed on. */
export interface PageEnd {
  readonly first: string | undefined
  readonly count: number
  /** Its last entries, at most a page's worth. */
  readonly tail: readonly string[]
  readonly links: readonly string[]
}

/**
 * The query of the next page; undefined: this was the last. A Link decides where there is one, and of it only the query
 * counts: Nexus and Artifactory send paths that lead nowhere. Without one, a full page may have a successor; more entries
 * than were asked for are the whole list, as docker-registry 2.8 sends it.
 * @param pageSize what was asked for; undefined: nothing, so that a page cannot be told to be full
 */
export function nextQuery(page: PageEnd, pageSize: number | undefined): string | undefined {
  const linked = linkQuery(page.links)
  if (linked !== undefined) return linked
  const last = page.tail.at(-1)
  if (pageSize === undefined || page.count !== pageSize || last === undefined) return undefined
  return afterEntry(last, pageSize)
}

/** The query of the page that Link headers name as the next; undefined: they name none. */
export function linkQuery(links: readonly string[]): string | undefined {
  const [link] = nextLinks(links)
  if (link === undefined) return undefined
  const question = link.indexOf('?')
  return question < 0 ? '' : (link.slice(question + 1).split('#')[0] ?? '')
}

/**
 * The query of what may follow all entries, as they were asked for in one page: a product that knows pages only may have sent the first of
 * them, and no Link. Undefined: nothing, no product pages by so many.
 */
function afterAll({ count, tail }: PageEnd): string | undefined {
  const last = tail.at(-1)
  if (last === undefined || count > PAGE_SIZE || count % ROUND !== 0) return undefined
  return afterEntry(last, PAGE_SIZE)
}

function firstQuery(pageSize: number | undefined): string {
  return pageSize === undefined ? '' : `n=${pageSize}`
}

function afterEntry(entry: string, pageSize: number | undefined): string {
  const last = `last=${encodeURIComponent(entry)}`
  return pageSize === undefined ? last : `n=${pageSize}&${last}`
}

/**
 * All entries of a listing, in lists none of which is empty, no entry at the end of one page again in the next.
 * @param fetch one page by its query
 * @param what for messages
 * @param atOnce asks for all entries in one page, and for pages only where that is too large or the server pages all the same
 * @throws REGISTRY_PAGINATION where the pages repeat or do not end, or one of them is refused in the middle: that is
 *   unknown, never the end of the list. Otherwise whatever `fetch` throws.
 */
export async function* listPages(
  fetch: (query: string) => Promise<Page>,
  what: string,
  { atOnce = false }: { readonly atOnce?: boolean } = {},
): AsyncGenerator<readonly string[], void, void> {
  let pageSize = atOnce ? undefined : PAGE_SIZE
  let query = firstQuery(pageSize)
  let previous: PageEnd = { first: undefined, count: 0, tail: [], links: [] }
  let isGuess = false
  let restarts = 0
  let emptyPages = 0
  let total = 0
  const cursors = new CycleDetector()
  for (let pages = 0; pages < MAX_PAGES && total < MAX_ENTRIES; pages++) {
    let page: Page
    try {
      page = await fetch(query)
    } catch (error) {
      if (pages === 0 && refusesSize(error, pageSize)) {
        pageSize = pageSize === undefined ? PAGE_SIZE : undefined
        query = firstQuery(pageSize)
        continue
      }
      const before = previous.tail.at(-2)
      if (pages === 0 || !hasCode(error, 'REGISTRY_ABSENT', 'REGISTRY_UNSUPPORTED')) throw error
      if (before === undefined || restarts === MAX_RESTARTS) {
        throw new TallymanError('REGISTRY_PAGINATION', `The listing of ${what} broke off in the middle`, {
          cause: error,
        })
      }
      // The entry that the cursor names was deleted meanwhile: zot and Harbor refuse it.
      restarts += 1
      query = afterEntry(before, pageSize)
      continue
    }
    const known = new Set(previous.tail)
    let first: string | undefined
    let count = 0
    let tail: readonly string[] = []
    for (const batch of page.batches) {
      if (count === 0 && batch.length > 0) {
        first = batch[0]
        const repeats = first === previous.first
        // Exactly one page's worth from a server that ignores `last`: it was the whole list.
        if (repeats && isGuess) return
        if (repeats && restarts === 0) throw endless(what)
      }
      count += batch.length
      tail = (batch.length < PAGE_SIZE ? [...tail, ...batch] : batch).slice(-PAGE_SIZE)
      const fresh = batch.filter((entry) => !known.has(entry))
      if (fresh.length > 0) yield fresh
    }
    total += count
    const end: PageEnd = { first, count, tail, links: page.links }
    emptyPages = count === 0 ? emptyPages + 1 : 0
    let next = nextQuery(end, pageSize)
    if (next === undefined && pages === 0 && pageSize === undefined) {
      pageSize = PAGE_SIZE
      next = afterAll(end)
    }
    if (next === undefined) return
    if (emptyPages > MAX_EMPTY_PAGES || cursors.repeats(next)) throw endless(what)
    isGuess = nextLinks(page.links).length === 0
    if (count > 0) previous = end
    query = next
  }
  throw endless(what)
}

/** Whether it has to be asked for with a size where it was without, or the other way round. */
function refusesSize(error: unknown, pageSize: number | undefined): boolean {
  if (pageSize === undefined) return hasCode(error, 'REGISTRY_TOO_LARGE')
  if (!hasCode(error, 'REGISTRY_UNSUPPORTED')) return false
  const { registryCode, status } = error.details
  return registryCode === 'PAGINATION_NUMBER_INVALID' || (status === 400 && registryCode === 'UNSUPPORTED')
}

const endless = (what: string) =>
  new TallymanError(
    'REGISTRY_PAGINATION',
    `The pages of the listing of ${what} repeat themselves or do not end`,
  )

/** Finds a cycle in a sequence of any length and holds one element of it (Brent). */
class CycleDetector {
  #kept: string | undefined
  #steps = 0
  #power = 1

  repeats(value: string): boolean {
    if (value === this.#kept) return true
    this.#steps += 1
    if (this.#steps === this.#power) {
      this.#kept = value
      this.#power *= 2
      this.#steps = 0
    }
    return false
  }
}
