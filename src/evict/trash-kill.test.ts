import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import type { RequestMatch } from '#test/harness/fault-proxy.ts'
import { containerImage, imageIndex, LINUX_AMD64, type TestImage } from '#test/harness/images.ts'
import { StorageLayout } from '#test/harness/storage-layout.ts'
import type { Hands } from './hands.ts'
import { journalRepository } from './journal-artifact.ts'
import { restore } from './restore.ts'
import { purgeRun, type RunPurge } from './run-purge.ts'
import { copyToTrash, provenInTrash } from './trash.ts'
import { trashTag } from './trash-place.ts'
import { WorkspaceJournal } from './workspace-journal.ts'

const PLACE = { prefix: 'tallyman/trash' }
const WRITES = { method: ['POST', 'PUT', 'DELETE'] }
/** Worlds at once: each waits for its own requests most of the time. */
const AT_ONCE = 12
const SLOW_MS = 240_000

interface Phase {
  readonly before: (hands: Hands) => Promise<unknown>
  readonly act: (hands: Hands) => Promise<unknown>
  /** Holds at its end. */
  readonly ended: (repository: string) => Promise<void>
}

const digest = (image: TestImage) => image.manifest.digest
const layers = [{ seed: 'trash-kill', size: 64 }]
const platform = containerImage({ seed: 'trash-kill/platform', layers })
const index = imageIndex('oci', [{ image: platform, platform: LINUX_AMD64 }])
const plain = containerImage({ seed: 'trash-kill/plain', layers })
const TAGS = { old: index, plain }
const DIGESTS = [index, platform, plain].map(digest)

describe.each(['2.8', '3'] as const)('S18: the trash of %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  /** Of a process of its own: all that it knows is in the workspace. */
  async function handsOf(repository: string, signal = new AbortController().signal): Promise<Hands> {
    const workspaceRepository = journalRepository('tallyman', repository)
    const place = { client: site.client, workspaceRepository, run: 'run', repository }
    return site.hands(repository, { journal: await WorkspaceJournal.open(place, { signal }), signal }).hands
  }

  /** An image and everything below it. */
  async function pulls(reference: string, image: TestImage): Promise<void> {
    const arrived = await site.pull(reference)
    const whole = [image, ...image.children].flatMap(({ manifest, blobs }) => [manifest, ...blobs])
    expect([...arrived]).toEqual(expect.arrayContaining(whole.map((content) => content.digest)))
  }

  const copies = (repository: string) => site.tags(`${PLACE.prefix}/${repository}/1`)
  const all = Object.fromEntries(DIGESTS.map((each) => [trashTag(each), each]))
  const copy = (hands: Hands) => copyToTrash(hands, PLACE, DIGESTS)
  const purgeOf = (): RunPurge => ({
    ...{ shelf: { client: site.client, prefix: 'tallyman' }, run: 'run', before: Date.now() + 1 },
    ...{ pinnedSince: 0, isAsked: false, learn: () => undefined, remover: async () => site.client },
    // What its own DELETE has left names nothing at each look.
    nameless: 'run',
  })

  const PHASES = {
    copying: {
      before: async () => undefined,
      act: copy,
      ended: async (repository) => {
        expect(await copies(repository)).toEqual(all)
        const proven = await provenInTrash(await handsOf(repository), PLACE, DIGESTS, Date.now() + 1)
        expect(proven).toEqual(new Set(DIGESTS))
        for (const [tag, image] of Object.entries(TAGS)) await pulls(`${repository}:${tag}`, image)
      },
    },
    restoring: {
      before: async (hands) => {
        await copy(hands)
        const { storageDir } = site.registry
        rmSync(new StorageLayout(storageDir).repository(hands.repository), { recursive: true })
      },
      act: (hands) => restore(hands, { tag: 'old', digest: digest(index) }),
      ended: async (repository) => {
        expect(await site.tags(repository)).toEqual({ old: digest(index) })
        expect(await site.has(repository, digest(platform))).toBe(true)
        await pulls(`${repository}:old`, index)
        expect(await copies(repository)).toEqual(all)
      },
    },
    purging: {
      before: copy,
      act: (hands) => purgeRun(hands, purgeOf()),
      ended: async (repository) => {
        for (const each of DIGESTS) {
          expect(await site.has(`${PLACE.prefix}/${repository}/1`, each)).toBe(false)
          expect(await site.has(repository, each)).toBe(true)
        }
        for (const [tag, image] of Object.entries(TAGS)) await pulls(`${repository}:${tag}`, image)
        // A DELETE that was cut off may have left a tag that names nothing; nothing else is there.
        expect(Object.values(await copies(repository)).filter((named) => named !== undefined)).toEqual([])
        expect(await site.tags(journalRepository('tallyman', repository))).toEqual({})
      },
    },
  } satisfies Readonly<Record<string, Phase>>

  /** Does a first time through what `breaks` does to its n-th request, and a second time to the end; for every n. */
  async function forEveryRequest(
    name: string,
    { before, act, ended }: Phase,
    match: Pick<RequestMatch, 'method'>,
    breaks: (nth: RequestMatch, onStrike: () => void, dying: AbortController) => () => void,
  ): Promise<void> {
    const prepared = async (repository: string) => {
      for (const [tag, image] of Object.entries(TAGS)) site.storage.write(repository, image, tag)
      await before(await handsOf(repository))
      return { ...match, path: new RegExp(`/${repository}/`) }
    }
    const counter = site.proxy.counter(await prepared(`${name}/count`))
    const already = counter.count
    await act(await handsOf(`${name}/count`))
    const requests = counter.count - already
    await ended(`${name}/count`)
    expect(requests).toBeGreaterThan(8)

    const numbers = Array.from({ length: requests }, (_, n) => n + 1).values()
    const struck = new Set<number>()
    const worker = async () => {
      for (const n of numbers) {
        const repository = `${name}/n${n}`
        const nth = { ...(await prepared(repository)), nth: n }
        const dying = new AbortController()
        const mend = breaks(nth, () => struck.add(n), dying)
        const first = handsOf(repository, dying.signal).then(act)
        await first.catch((error: unknown) => expect(error).toBeInstanceOf(TallymanError))
        mend()
        await act(await handsOf(repository))
        await ended(repository)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    expect(struck.size).toBeGreaterThan(requests * 0.9)
  }

  test.each(Object.entries(PHASES))(
    '%s, killed before its n-th request and begun again, ends as if undisturbed, for every n',
    (name, phase) =>
      forEveryRequest(name, phase, {}, ({ nth = 1, ...match }, struck, dying) => {
        const onStrike = () => {
          struck()
          dying.abort(new TallymanError('CANCELLED', 'killed'))
        }
        return site.proxy.rule({ kind: 'cut', at: 'request', onStrike }, { ...match, from: nth })
      }),
    SLOW_MS,
  )

  test(
    'copying, where the answer of its n-th request that writes is lost, ends as if undisturbed, for every n',
    () =>
      forEveryRequest('lost', PHASES.copying, WRITES, (nth, onStrike) =>
        site.proxy.rule({ kind: 'drop', times: 1, onStrike }, nth),
      ),
    SLOW_MS,
  )
})
