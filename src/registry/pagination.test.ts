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
  options: { link?: (query: string) => string; largest?: number; unasked?: number } = {},
) {
  const queries: string[] = []
  const fetch = async (query: string): Promise<Page> => {
    queries.push(query)
    const asked = new URLSearchParams(query)
    const size = Math.min(Number(asked.get('n') ?? options.unasked ?? 100), options.largest ?? 1000)
    const last = asked.get('last')
    const rest = last === null ? all : all.filter((name) => name > last)
    const entries = rest.slice(0, size)
    const more = rest.length > size
    const link = options.link ?? ((next: string) => `</v2/a/tags/list?${next}>; rel="next"`)
    return { batches: [entries], links: more ? [link(`last=${entries.at(-1)}&n=${size}`)] : [] }
  }
  return { fetch, queries }
}

async function collect(
  fetch: (query: string) => Promise<Page>,
  how?: Parameters<typeof listPages>[2],
): Promise<string[]> {
  const all: string[] = []
  for await (const page of listPages(fetch, 'tests', how)) all.push(...page)
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

describe('all at once', () => {
  const AT_ONCE = { atOnce: true }

  test('the whole list comes in one page, where the server sends it', async () => {
    const { fetch, queries } = honest(names(0, 3501), { largest: 5000, unasked: 5000 })
    expect(await collect(fetch, AT_ONCE)).toEqual(names(0, 3501))
    expect(queries).toEqual([''])
  })

  test('it comes from any honest server that pages all the same, once each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3500 }),
        fc.integer({ min: 1, max: 1500 }),
        async (count, unasked) => {
          const all = names(0, count)
          expect(await collect(honest(all, { largest: 1500, unasked }).fetch, AT_ONCE)).toEqual(all)
        },
      ),
      { numRuns: 40 },
    )
  })

  test.each([50, 100, 500, 1000])(
    'a page of %i that names no next one is not taken for the whole list',
    async (unasked) => {
      const { fetch, queries } = honest(names(0, 2500), { unasked })
      const silent = async (query: string) => ({ ...(await fetch(query)), links: [] })
      expect(await collect(silent, AT_ONCE)).toEqual(names(0, 2500))
      expect(queries.slice(0, 2)).toEqual(['', `n=1000&last=${names(unasked - 1, unasked)[0]}`])
    },
  )

  test.each([0, 100, 1000, 1001])(
    'a list of %i is the same where the server knows no pages',
    async (count) => {
      const all = names(0, count)
      expect(await collect(async () => ({ batches: [all], links: [] }), AT_ONCE)).toEqual(all)
    },
  )

  test('a list that is too large for one page is asked for in pages', async () => {
    const { fetch, queries } = honest(names(0, 2500))
    const bounded = async (query: string) => {
      if (query === '') throw new TallymanError('REGISTRY_TOO_LARGE', 'more than 16 MiB')
      return await fetch(query)
    }
    expect(await collect(bounded, AT_ONCE)).toEqual(names(0, 2500))
    expect(queries).toEqual(['n=1000', 'last=t00999&n=1000', 'last=t01999&n=1000'])
  })

  test('a page that is too large is told where there is no smaller one', async () => {
    let asked = 0
    const fetch = async () => {
      asked += 1
      throw new TallymanError('REGISTRY_TOO_LARGE', 'more than 16 MiB')
    }
    await expect(collect(fetch, AT_ONCE)).rejects.toMatchObject({ code: 'REGISTRY_TOO_LARGE' })
    expect(asked).toBe(2)
  })
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
