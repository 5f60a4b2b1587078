import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import type { RequestMatch } from '#test/harness/fault-proxy.ts'
import { containerImage, imageIndex, LINUX_AMD64 } from '#test/harness/images.ts'
import { standingManifests } from '#test/harness/standing-manifests.ts'
import type { Eviction } from './eviction.ts'
import { journalRepository } from './journal-artifact.ts'
import { sweep } from './sweep.ts'
import { type UntagMethod, untag } from './untag.ts'
import { unfinishedRuns, WorkspaceJournal } from './workspace-journal.ts'

const WAYS = [
  ['2.8', 'Placeholder'],
  ['3', 'Native'],
] as const
/** Whether a read was carried out makes no difference to anybody. */
const WRITES = { method: ['POST', 'PUT', 'DELETE'] }
/** Worlds at once: each waits for its own requests most of the time. */
const AT_ONCE = 12

const platform = containerImage({ seed: 'kill/platform' })
const doomed = imageIndex('oci', [{ image: platform, platform: LINUX_AMD64 }])
const plain = containerImage({ seed: 'kill/plain' })
const kept = containerImage({ seed: 'kill/kept' })
const TAGS = { old: doomed, plain, alias: kept, kept }

describe.each(WAYS)('S16: a run on %s, %s', (version, method: UntagMethod) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  function world(repository: string): Eviction {
    for (const [tag, image] of Object.entries(TAGS)) site.storage.write(repository, image, tag)
    return evictionOf(repository, TAGS, ['old', 'plain', 'alias'])
  }

  /** Both stages, by a process of their own: all that it knows is in the workspace. */
  async function run(eviction: Eviction, signal = new AbortController().signal): Promise<void> {
    const { repository } = eviction
    const place = {
      client: site.client,
      workspaceRepository: journalRepository('tallyman', repository),
      run: 'run',
      repository,
    }
    const journal = await WorkspaceJournal.open(place, { signal })
    const { hands } = site.hands(repository, { journal, signal })
    await untag(hands, eviction, method)
    await sweep(hands, eviction)
    expect(await unfinishedRuns(place, { signal })).toEqual([])
  }

  /** Tags with what they name, and every manifest. */
  async function stateOf(repository: string) {
    const manifests = standingManifests(site.registry.storageDir, repository)
    return { tags: await site.tags(repository), manifests }
  }

  async function requestsOf(repository: string, match: RequestMatch = {}): Promise<number> {
    const eviction = world(repository)
    const counter = site.proxy.counter({ ...match, path: new RegExp(`/${repository}/`) })
    await run(eviction)
    return counter.count
  }

  const END = {
    tags: { kept: kept.manifest.digest },
    manifests: [kept.manifest.digest],
  }

  test('undisturbed', async () => {
    const requests = await requestsOf('undisturbed')
    expect(await stateOf('undisturbed')).toEqual(END)
    expect(requests).toBeGreaterThan(20)
  })

  /** Runs a first time through what `breaks` does to its n-th request, and a second time to the end; for every n. */
  async function forEveryRequest(
    name: string,
    match: Pick<RequestMatch, 'method'>,
    breaks: (nth: RequestMatch, onStrike: () => void, dying: AbortController) => readonly (() => void)[],
  ): Promise<void> {
    const requests = await requestsOf(`${name}/count`, match)
    const struck = new Set<number>()
    const numbers = Array.from({ length: requests }, (_, index) => index + 1).values()
    const worker = async () => {
      for (const n of numbers) {
        const repository = `${name}/n${n}`
        const eviction = world(repository)
        const dying = new AbortController()
        const nth = { ...match, path: new RegExp(`/${repository}/`), nth: n }
        const mended = breaks(nth, () => struck.add(n), dying)
        await run(eviction, dying.signal).catch((error: unknown) =>
          expect(error).toBeInstanceOf(TallymanError),
        )
        for (const mend of mended) mend()
        await run(eviction)
        expect([n, await stateOf(repository)]).toEqual([n, END])
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    // Requests run side by side: a run has now and then one or two fewer than the one that is counted.
    expect(struck.size).toBeGreaterThan(requests * 0.9)
  }

  const SLOW_MS = 240_000
  const killed = () => new TallymanError('CANCELLED', 'killed')
  /** That request and all after it. */
  const from = ({ nth = 1, ...match }: RequestMatch, later = 0): RequestMatch => ({
    ...match,
    from: nth + later,
  })

  test(
    'killed before its n-th request arrived it ends as if undisturbed, for every n',
    () =>
      forEveryRequest('before', {}, (nth, struck, dying) => {
        const onStrike = () => {
          struck()
          dying.abort(killed())
        }
        return [site.proxy.rule({ kind: 'cut', at: 'request', onStrike }, from(nth))]
      }),
    SLOW_MS,
  )

  test(
    'killed after its n-th request that writes was carried out, too',
    () =>
      forEveryRequest('after', WRITES, (nth, struck, dying) => {
        const onStrike = () => {
          struck()
          dying.abort(killed())
        }
        return [
          site.proxy.rule({ kind: 'drop', times: 1, onStrike }, nth),
          site.proxy.rule({ kind: 'cut', at: 'request' }, from(nth, 1)),
        ]
      }),
    SLOW_MS,
  )

  test(
    'where the answer of its n-th request that writes is lost, too',
    () =>
      forEveryRequest('lost', WRITES, (nth, onStrike) => [
        site.proxy.rule({ kind: 'drop', times: 1, onStrike }, nth),
      ]),
    SLOW_MS,
  )
})
