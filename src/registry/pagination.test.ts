import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { nextLinks } from './link.ts'
import { listPages, nextQuery, type Page } from './pagination.ts'

const names = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `t${String(from + i).padStart(5, '0')}`)

/** A server as the specification has it. */
function honest(
  all: readonly string[],
  options: { link?: (query: string) => string; largest?: number } = {},
) {
  const queries: string[] = []
  const fetch = async (query: string): Promise<Page> => {
    queries.push(query)
    const asked = new URLSearchParams(query)
    const size = Math.min(Number(asked.get('n') ?? 100), options.largest ?? 1000)
    const last = asked.get('last')
    const rest = last === null ? all : all.filter((name) => name > last)
    const entries = rest.slice(0, size)
    const more = rest.length > size
    const link = options.link ?? ((next: string) => `</v2/a/tags/list?${next}>; rel="next"`)
    return { batches: [entries], links: more ? [link(`last=${entries.at(-1)}&n=${size}`)] : [] }
  }
  return { fetch, queries }
}

async function collect(fetch: (query: string) => Promise<Page>): Promise<string[]> {
  const all: string[] = []
  for await (const page of listPages(fetch, 'tests')) all.push(...page)
  return all
}

const refused = (code: 'REGISTRY_ABSENT' | 'REGISTRY_UNSUPPORTED', registryCode?: string) =>
  new TallymanError(code, 'refused', { details: { status: 400, registryCode } })

describe('the whole list comes', () => {
  test('from any honest server, once each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3500 }),
        fc.integer({ min: 1, max: 1500 }),
        async (count, largest) => {
          const all = names(0, count)
          expect(await collect(honest(all, { largest }).fetch)).toEqual(all)
        },
      ),
      { numRuns: 40 },
    )
  })

  test.each([
    ['a path that is not ours (Nexus, Artifactory)', (query: string) => `</other/v2/a?${query}>; rel="next"`],
    ['another host', (query: string) => `<https://internal:8081/v2/a?${query}>; rel=next`],
    ['no path at all', (query: string) => `<?${query}>;rel="next"`],
  ])('when Link names %s', async (_, link) => {
    const all = names(0, 2500)
    expect(await collect(honest(all, { link }).fetch)).toEqual(all)
  })

  test('from a server that pages without Link', async () => {
    const { fetch, queries } = honest(names(0, 2000))
    const silent = async (query: string) => ({ ...(await fetch(query)), links: [] })
    expect(await collect(silent)).toEqual(names(0, 2000))
    expect(queries).toEqual(['n=1000', 'n=1000&last=t00999', 'n=1000&last=t01999'])
  })

  test.each([999, 1000, 1001, 2000])(
    'from a server that ignores n and last, with %i entries',
    async (count) => {
      const all = names(0, count)
      expect(await collect(async () => ({ batches: [all], links: [] }))).toEqual(all)
    },
  )

  test('from a server that refuses the page size', async () => {
    const server = honest(names(0, 250), { largest: 100 })
    const fetch = async (query: string) => {
      if (query.startsWith('n=1000')) throw refused('REGISTRY_UNSUPPORTED', 'PAGINATION_NUMBER_INVALID')
      return server.fetch(query)
    }
    expect(await collect(fetch)).toEqual(names(0, 250))
  })

  test.each(['REGISTRY_ABSENT', 'REGISTRY_UNSUPPORTED'] as const)(
    'when the entry that the cursor names is deleted meanwhile (%s)',
    async (code) => {
      const all = names(0, 2500)
      const { fetch } = honest(all)
      const strict = async (query: string) => {
        if (query.includes('last=t00999')) throw refused(code)
        return fetch(query)
      }
      expect(await collect(strict)).toEqual(all)
    },
  )
})

describe('what is no end', () => {
  test('a listing that breaks off in the middle is unknown, not absent and not complete', async () => {
    const { fetch } = honest(names(0, 2500))
    const breaking = async (query: string) => {
      if (query.includes('last=')) throw refused('REGISTRY_ABSENT')
      return fetch(query)
    }
    await expect(collect(breaking)).rejects.toMatchObject({ code: 'REGISTRY_PAGINATION' })
  })

  test('an error of the first page is passed on', async () => {
    await expect(collect(async () => Promise.reject(refused('REGISTRY_ABSENT')))).rejects.toMatchObject({
      code: 'REGISTRY_ABSENT',
    })
  })

  test.each([
    ['the same page', () => ({ batches: [['a']], links: ['</?last=a>; rel="next"'] })],
    [
      'cursors in a circle',
      (n: number) => ({ batches: [[`e${n}`]], links: [`</?last=${n % 7}>; rel="next"`] }),
    ],
    ['empty pages', (n: number) => ({ batches: [], links: [`</?last=${n}>; rel="next"`] })],
    ['new pages', (n: number) => ({ batches: [[`e${n}`]], links: [`</?last=${n}>; rel="next"`] })],
  ])('%s for ever', async (_, page) => {
    let n = 0
    await expect(collect(async () => page(n++))).rejects.toMatchObject({ code: 'REGISTRY_PAGINATION' })
    expect(n).toBeLessThanOrEqual(10_000)
  })
})

describe('Link headers', () => {
  test.each([
    [['</v2/a?last=b&n=2>; rel="next"'], ['/v2/a?last=b&n=2']],
    [['<a?x=1>; rel=next'], ['a?x=1']],
    [['<first>; rel="first", <b,;c>; title="x, y; z"; rel="prev next"'], ['b,;c']],
    [['<one>; rel="prev"', '<two>; REL="Next"'], ['two']],
    [['<one>', 'garbage', '', '<two'], []],
  ])('%j', (headers, targets) => {
    expect(nextLinks(headers)).toEqual(targets)
  })

  test('a full page without Link has a next one, a larger or smaller one has none', () => {
    const page = (...tail: string[]) => ({ first: tail[0], count: tail.length, tail, links: [] })
    expect(nextQuery(page('a', 'b&c'), 2)).toBe('n=2&last=b%26c')
    expect(nextQuery(page('a'), 2)).toBeUndefined()
    expect(nextQuery(page('a', 'b', 'c'), 2)).toBeUndefined()
    expect(nextQuery(page('a', 'b'), undefined)).toBeUndefined()
  })
})
