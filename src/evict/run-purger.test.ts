import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { damage } from '#test/harness/damage.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { LeapingClock } from '#test/harness/leaping-clock.ts'
import { systemClock } from '#time/clock.ts'
import { KnownCapabilities } from './capabilities.ts'
import { journalRepository } from './journal-artifact.ts'
import { journalOf } from './journal-shelf.ts'
import { type PurgeOrder, RunPurger } from './run-purger.ts'
import { copyToTrash, trashBelow } from './trash.ts'

const DAY = 86_400_000
const HOUR = 3_600_000

describe.each(['2.8', '3'] as const)('runs with a workspace elsewhere, on %s', (version) => {
  /** Where the images are. */
  let site: EvictionSite
  /** A workspace that lets go of nothing. */
  let stiff: EvictionSite
  /** One that does. */
  let able: EvictionSite
  const clock = new LeapingClock()

  beforeAll(async () => {
    site = await startEvictionSite(version)
    able = await startEvictionSite(version)
    stiff = await startEvictionSite(version, { delete: false })
  })
  afterEach(() => able.proxy.clear())
  afterAll(async () => {
    await site.stop()
    await able.stop()
    await stiff.stop()
  })

  /** A run that copied an image out of each of these repositories. */
  async function ran(workspace: EvictionSite, id: string, repositories: readonly string[]) {
    for (const repository of repositories) {
      const image = containerImage({ seed: `${id}/${repository}` })
      site.storage.write(repository, image, id)
      const shelf = { client: workspace.direct, prefix: 'tallyman' }
      const journal = await journalOf(shelf, repository, id, {})
      const { hands } = site.hands(repository, { journal })
      await copyToTrash(hands, trashBelow('tallyman'), [image.manifest.digest])
    }
    return { id, repositories }
  }

  async function purge(
    purger: RunPurger,
    workspace: EvictionSite,
    runs: PurgeOrder['runs'],
    more: Partial<PurgeOrder> = {},
  ) {
    const { hands, lines } = site.hands('', { clock })
    const { repository: _repository, journal: _journal, ended: _ended, ...common } = hands
    const shelf = { client: workspace.client, prefix: 'tallyman' }
    const product = version === '3' ? ('distribution-3' as const) : ('distribution-2' as const)
    const end = await purger.purge(
      { ...common, shelf, product, capabilities: new KnownCapabilities(systemClock) },
      {
        ...{ runs, before: systemClock.now() + DAY, pinnedSince: 0, asked: new Set<string>() },
        ...{ remover: async () => workspace.client, learn: () => undefined, ...more },
      },
    )
    const sent = lines.map(({ registry, repository }) => `${registry} ${repository}`)
    return { ...end, over: [...end.over], sent }
  }

  const journals = async (workspace: EvictionSite, source: string) =>
    Object.keys(await workspace.tags(journalRepository('tallyman', source)))

  test('S19: copies go here and journals there', async () => {
    const run = await ran(able, 'both', ['a/one', 'a/two'])
    const { over, sent } = await purge(new RunPurger(), able, [run])
    expect(over).toEqual(['both'])
    const [here, there] = [site.proxy.url, able.proxy.url].map((url) => new URL(url).host)
    expect(sent).toEqual([
      `${here} tallyman/trash/a/one/1`,
      `${here} tallyman/trash/a/two/1`,
      `${there} tallyman/journals/a/one`,
      `${there} tallyman/journals/a/two`,
    ])
    expect([await journals(able, 'a/one'), await journals(able, 'a/two')]).toEqual([[], []])
  })

  test('S19: where the workspace lets go of nothing the journal stays, its run is over, and it is told once', async () => {
    const purger = new RunPurger()
    const first = await purge(purger, stiff, [await ran(stiff, 'one', ['b'])])
    expect(first).toMatchObject({ over: ['one'], problems: [], refused: { kind: 'unsupported' } })
    expect(await journals(stiff, 'b')).toEqual(['one'])
    const second = await purge(purger, stiff, [await ran(stiff, 'two', ['b'])])
    expect(second).toMatchObject({ over: ['two'], problems: [] })
    expect(second.refused).toBeUndefined()
  })

  test('S19: where nobody may delete in the workspace it is the same', async () => {
    const remover = async () => {
      throw new TallymanError('REGISTRY_UNAUTHORIZED', 'who are you?')
    }
    const end = await purge(new RunPurger(), able, [await ran(able, 'login', ['c'])], { remover })
    expect(end).toMatchObject({ over: ['login'], refused: { code: 'REGISTRY_UNAUTHORIZED' } })
    able.proxy.rule({ kind: 'status', status: 403 }, { method: 'DELETE' })
    const denied = await purge(new RunPurger(), able, [await ran(able, 'denied', ['c'])])
    expect(denied).toMatchObject({ over: ['denied'], refused: { code: 'REGISTRY_FORBIDDEN' } })
    expect(await journals(able, 'c')).toEqual(['denied', 'login'])
  })

  test('asks once for a journal that stays, also while the rest of its run is needed', async () => {
    const purger = new RunPurger()
    const run = await ran(stiff, 'half', ['d/over', 'd/open'])
    const journal = await journalOf({ client: stiff.direct, prefix: 'tallyman' }, 'd/open', 'half', {})
    const step = { action: 'untag', bindings: [] } as const
    await journal.append([{ kind: 'intent', id: 'last', at: 1, step }])
    const first = await purge(purger, stiff, [run])
    expect([first.over, first.sent.length]).toEqual([[], 2])
    expect(await purge(purger, stiff, [run])).toMatchObject({ over: [], sent: [], problems: [] })
    await journal.append([{ kind: 'outcome', intent: 'last', at: 2, ended: [] }])
    clock.leap(HOUR)
    expect((await purge(purger, stiff, [run])).over).toEqual(['half'])
  })

  test('S12: a run that somebody asks for by its name is not forgotten', async () => {
    const run = await ran(able, 'named', ['i'])
    const asked = new Set(['named'])
    expect(await purge(new RunPurger(), able, [run], { asked })).toMatchObject({ over: [], problems: [] })
    expect(await journals(able, 'i')).toEqual(['named'])
  })

  test('a journal that cannot be read keeps its own run, and no other one', async () => {
    const runs = [await ran(able, 'odd', ['e']), await ran(able, 'even', ['e'])]
    able.storage.write(journalRepository('tallyman', 'e'), containerImage({ seed: 'odd' }), 'odd')
    const { over, problems } = await purge(new RunPurger(), able, runs)
    expect(over).toEqual(['even'])
    expect(problems).toMatchObject([{ run: 'odd', error: { code: 'JOURNAL_INVALID' } }])
    expect(await journals(able, 'e')).toEqual(['odd'])
  })

  test('a journal whose DELETE is not answered is a problem of its own run; the copies of all go first', async () => {
    const runs = [await ran(able, 'left', ['f/down']), await ran(able, 'done', ['f'])]
    able.proxy.rule({ kind: 'status', status: 502 }, { method: 'DELETE', path: /f\/down/ })
    const { over, problems, stoppedBy, sent } = await purge(new RunPurger(), able, runs)
    expect([over, stoppedBy]).toEqual([['done'], undefined])
    expect(problems).toMatchObject([{ run: 'left', error: { kind: 'unreachable' } }])
    expect(sent.map((line) => line.split(' ')[1])).toEqual([
      ...['tallyman/trash/f/down/1', 'tallyman/trash/f/1'],
      ...['tallyman/journals/f/down', 'tallyman/journals/f'],
    ])
    able.proxy.clear()
    expect((await purge(new RunPurger(), able, runs)).over).toEqual(['left', 'done'])
  })

  test('what stops it does not lose what was done by then', async () => {
    const runs = [await ran(able, 'done', ['g'])]
    for (const id of ['one', 'two', 'three', 'four']) runs.push(await ran(able, id, ['g/down']))
    able.proxy.rule({ kind: 'drop' }, { method: 'DELETE', path: /g\/down/ })
    const { over, problems, stoppedBy } = await purge(new RunPurger(), able, runs)
    expect(over).toEqual(['done'])
    expect(problems.map(({ run }) => run)).toEqual(['one', 'two'])
    expect(stoppedBy?.kind).toBe('unreachable')
  })

  test('S34: a journal that is hidden for a moment stays, and can be read an hour later', async () => {
    const purger = new RunPurger()
    const run = await ran(able, 'hidden', ['j'])
    able.proxy.rule({ kind: 'status', status: 404 }, { path: /journals\/j\/manifests/ })
    expect(await purge(purger, able, [run])).toMatchObject({ over: [], problems: [], sent: [] })
    able.proxy.clear()
    expect(await purge(purger, able, [run])).toMatchObject({ over: [], sent: [] })
    clock.leap(HOUR)
    const { over, sent } = await purge(purger, able, [run])
    expect([over, sent.map((line) => line.split(' ')[1])]).toEqual([
      ['hidden'],
      ['tallyman/trash/j/1', 'tallyman/journals/j'],
    ])
  })

  test('S34: a tag that goes on naming nothing goes at the look an hour after the first', async () => {
    const purger = new RunPurger()
    const run = await ran(able, 'dangling', ['k'])
    const target = { storageDir: able.registry.storageDir, repository: journalRepository('tallyman', 'k') }
    const mend = damage('revision-link-missing', { ...target, reference: 'dangling' })
    expect((await purge(purger, able, [run])).over).toEqual([])
    clock.leap(HOUR)
    // In between it was there, and is needed.
    mend()
    expect((await purge(purger, able, [run], { before: 0 })).over).toEqual([])
    damage('revision-link-missing', { ...target, reference: 'dangling' })
    clock.leap(HOUR)
    expect((await purge(purger, able, [run])).over).toEqual([])
    expect(await journals(able, 'k')).toEqual(['dangling'])
    clock.leap(HOUR)
    expect((await purge(purger, able, [run])).over).toEqual(['dangling'])
    expect(await journals(able, 'k')).toEqual([])
  })

  test('what is needed is read again after an hour, and what is over in a run not again', async () => {
    const purger = new RunPurger()
    const run = await ran(able, 'slow', ['h/over', 'h/open'])
    const journal = await journalOf({ client: able.direct, prefix: 'tallyman' }, 'h/open', 'slow', {})
    const step = { action: 'untag', bindings: [] } as const
    await journal.append([{ kind: 'intent', id: 'last', at: 1, step }])
    await purge(purger, able, [run])
    expect(await journals(able, 'h/over')).toEqual([])
    const asked = () => able.proxy.requests.filter(({ path }) => path.includes('/tallyman/journals/h/'))
    const before = asked().length
    expect(await purge(purger, able, [run])).toMatchObject({ over: [], problems: [] })
    expect(asked()).toHaveLength(before)
    await journal.append([{ kind: 'outcome', intent: 'last', at: 2, ended: [] }])
    clock.leap(HOUR)
    expect((await purge(purger, able, [run])).over).toEqual(['slow'])
    expect(
      asked()
        .slice(before)
        .every(({ path }) => path.includes('/h/open/')),
    ).toBe(true)
  })
})
