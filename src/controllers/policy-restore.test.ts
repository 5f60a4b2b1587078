import { describe, expect, test } from 'vitest'
import {
  askedBack,
  locatedEntries,
  RESTORED_FOR_MS,
  stayingTags,
  unmatchedRestores,
} from '#controllers/policy-restore.ts'
import type { Evicted, EvictionHistory, Returned } from '#evict/evicted.ts'
import { atOnce } from '#inventory/at-once.ts'
import type { RegistryFacts } from '#retention/facts.ts'

const NOW = Date.parse('2026-11-26T05:30:00Z')
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`

function went(tag: string | undefined, changes: Partial<Evicted> = {}): Evicted {
  return { run: 'run-1', repository: 'shop/app', tag, digest: digestOf('a'), at: NOW - 1000, ...changes }
}

function history(things: readonly Evicted[], returned: readonly Returned[] = []): EvictionHistory {
  return { went: things, returned, unsettled: [] }
}

function facts(tags: Readonly<Record<string, readonly string[]>>): Pick<RegistryFacts, 'repositories'> {
  const rest = { digest: undefined, digestSince: undefined, boundSince: undefined }
  return {
    repositories: Object.entries(tags).map(([name, all]) => ({
      ...{ name, incomplete: undefined, untagged: [] },
      tags: all.map((tag) => ({ tag, ...rest })),
    })),
  }
}

describe('what spec.restore brings back', () => {
  const v1 = went('v1')
  const v2 = went('v2', { run: 'run-2', digest: digestOf('b') })
  const other = went('v1', { repository: 'other/app' })
  const bare = went(undefined, { digest: digestOf('c') })
  const signature = went(undefined, { digest: digestOf('d'), subject: digestOf('a') })
  const cosign = went(`sha256-${'b'.repeat(64)}.sig`, { digest: digestOf('e') })
  const all = history([v1, v2, other, bare, signature, cosign])
  const asked = (...entries: Parameters<typeof askedBack>[0]) => new Set(askedBack(entries, all))

  test('is what its patterns match, with what refers to that', () => {
    expect(asked({ repository: 'shop/*', tag: 'v1' })).toEqual(new Set([v1, signature]))
    expect(asked({ repository: 'shop/app', tag: 'v2' })).toEqual(new Set([v2, cosign]))
    expect(asked({ repository: 'other/**' })).toEqual(new Set([other]))
    expect(asked({ repository: 'nothing' })).toEqual(new Set())
  })

  test('is all of a repository where no tag is named, also what had none', () => {
    expect(asked({ repository: 'shop/app' })).toEqual(new Set([v1, v2, bare, signature, cosign]))
  })

  test('is what one run took, where it is named', () => {
    expect(asked({ repository: '**', run: 'run-2' })).toEqual(new Set([v2]))
    const older = went('v2', { digest: digestOf('f'), at: NOW - 5000 })
    const both = history([older, v2])
    expect(askedBack([{ repository: '**', run: 'run-1' }], both)).toEqual([older])
    expect(askedBack([{ repository: '**', tag: 'v2' }], both)).toEqual([v2])
  })

  test('is nothing that is back', () => {
    const back = history([v1], [{ ...v1, at: NOW }])
    expect(askedBack([{ repository: '**' }], back)).toEqual([])
  })

  test('is still gone where something else of the repository is back', () => {
    const back = history([v1, v2], [{ ...v1, at: NOW }])
    expect(askedBack([{ repository: 'shop/app', tag: 'v2' }], back)).toEqual([v2])
  })
})

describe('an entry of spec.restore', () => {
  const names = {
    ...{ host: 'r.example:5000', pathPrefix: '/team/' },
    aliases: [{ host: 'old.example', prefix: 'x', replaceWith: 'shop' }],
  }
  const v1 = went('v1')
  const all = history([v1, went('v1', { repository: 'r.example/app', digest: digestOf('b') })])
  const asked = (repository: string) => askedBack(locatedEntries([{ repository, tag: 'v*' }], names), all)

  test.each([
    'shop/app',
    'shop/*',
    'r.example:5000/team/shop/app',
    'r.example:5000/team/shop/*',
    'old.example/x/app',
  ])('may have a name of the registry in front: %s', (repository) => {
    expect(asked(repository)).toEqual([v1])
  })

  test.each(['r.example:5000/shop/app', 'other.example/shop/app', 'team/shop/app', 'shop'])(
    'speaks of no repository of this one with another in front: %s',
    (repository) => {
      expect(asked(repository)).toEqual([])
    },
  )

  test('means a repository that is called like a host, too', () => {
    expect(asked('r.example/app')).toHaveLength(1)
    const here = { ...names, host: 'r.example', pathPrefix: '' }
    const entries = locatedEntries([{ repository: 'r.example/*pp' }], here)
    const bare = history([went('v1', { repository: 'app' }), went('v1', { repository: 'r.example/app' })])
    expect(askedBack(entries, bare)).toHaveLength(2)
  })

  test('keeps what is there, and is named as it is written', () => {
    const entries = locatedEntries(
      ['app', 'apq'].map((name) => ({ repository: `r.example:5000/team/shop/${name}`, tag: 'v1' })),
      names,
    )
    const there = { entries, history: history([]), facts: facts({ 'shop/app': ['v1'] }) }
    expect(atOnce(stayingTags({ ...there, remembered: [], now: NOW })).map(({ tag }) => tag)).toEqual(['v1'])
    expect(atOnce(unmatchedRestores(there))).toEqual(['r.example:5000/team/shop/apq:v1'])
  })
})

describe('an entry of spec.restore that speaks of nothing', () => {
  const past = history([went('v1'), went('v2', { run: 'run-2' })])
  const there = facts({ 'shop/app': ['main'], 'base/os': ['v1'] })
  const named = (...entries: Parameters<typeof askedBack>[0]) =>
    atOnce(unmatchedRestores({ entries, history: past, facts: there }))

  test('is named as people name it', () => {
    expect(
      named(
        { repository: 'shop/app', tag: 'v1' },
        { repository: 'shop/app', tag: 'v9' },
        { repository: 'shpo/**' },
        { repository: 'shop/app', tag: 'v1', run: 'run-2' },
        { repository: '**', run: 'run-2' },
      ),
    ).toEqual(['shop/app:v9', 'shpo/**', 'shop/app:v1 of run run-2'])
  })

  test('is none that keeps tags that are there, unless it is about one run', () => {
    expect(named({ repository: 'base/os' }, { repository: 'base/os', tag: 'v1' })).toEqual([])
    expect(named({ repository: 'base/os', run: 'run-1' })).toEqual(['base/os of run run-1'])
  })

  test('is not known where a repository was not read in full', () => {
    const unread = there.repositories.map((each) => ({ ...each, tags: [], incomplete: 'TIMED_OUT' }))
    const entries = [
      { repository: 'base/*', tag: 'v1' },
      { repository: 'bsae/*', tag: 'v1' },
    ]
    expect(atOnce(unmatchedRestores({ entries, history: past, facts: { repositories: unread } }))).toEqual([
      'bsae/*:v1',
    ])
  })
})

describe('S12: what stays because it was brought back', () => {
  const input = { entries: [], history: history([]), facts: facts({}), remembered: [], now: NOW }
  const staying = (asked: Parameters<typeof stayingTags>[0]) => atOnce(stayingTags(asked))

  test('is each tag that was, for 31 days, whoever brought it back', () => {
    const returned = [
      { ...went('v1'), at: NOW - 10 },
      { ...went(undefined), at: NOW },
    ]
    expect(staying({ ...input, history: history([], returned) })).toEqual([
      { repository: 'shop/app', tag: 'v1', until: NOW - 10 + RESTORED_FOR_MS },
    ])
    const long = [{ ...went('v1'), at: NOW - RESTORED_FOR_MS }]
    expect(staying({ ...input, history: history([], long) })).toEqual([])
  })

  test('is what is listed, for as long as it is, and for 31 days after', () => {
    const entries = [{ repository: 'shop/*', tag: 'v*' }]
    const there = facts({ 'shop/app': ['main', 'v1'], 'base/os': ['v1'] })
    const listed = staying({ ...input, entries, facts: there })
    expect(listed).toEqual([{ repository: 'shop/app', tag: 'v1', until: NOW + RESTORED_FOR_MS }])
    const later = NOW + RESTORED_FOR_MS - 1
    expect(staying({ ...input, facts: there, remembered: listed, now: later })).toEqual(listed)
    expect(staying({ ...input, facts: there, remembered: listed, now: later + 1 })).toEqual([])
  })

  test('is what a listed run took, and nothing else that is called so', () => {
    const past = history([went('v1'), went('v2', { run: 'run-2' })])
    const entries = [{ repository: '**', run: 'run-2' }]
    const there = facts({ 'shop/app': ['v1', 'v2'] })
    expect(staying({ ...input, entries, history: past, facts: there }).map(({ tag }) => tag)).toEqual(['v2'])
  })
})
