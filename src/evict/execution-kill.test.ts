import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { executeOn, type TestRun } from '#test/harness/execution.ts'
import type { RequestMatch } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import type { Eviction } from './eviction.ts'
import { journalRepository } from './journal-artifact.ts'
import { trashTag } from './trash-place.ts'
import { unfinishedRuns } from './workspace-journal.ts'

/** Whether a read was carried out makes no difference to anybody. */
const WRITES = { method: ['POST', 'PUT', 'DELETE'] }
/** Worlds at once: each waits for its own requests most of the time. */
const AT_ONCE = 12
const SLOW_MS = 1_800_000

const doomed = containerImage({ seed: 'execution-kill/doomed' })
const kept = containerImage({ seed: 'execution-kill/kept' })
const GOING = { a: ['old', 'alias'], b: ['old'] }
const TAGS = { alias: kept, kept, old: doomed }

/** Stages by themselves are killed on both products in kill.test.ts, copies in trash-kill.test.ts. */
describe.each([
  ['2.8', 'Delete', ['a', 'b']],
  ['2.8', 'Trash', ['a']],
  ['3', 'Delete', ['a', 'b']],
  ['3', 'Trash', ['a']],
] as const)('S16: a run on %s, %s, over %o', (version, onEvict, repositories) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  function world(name: string): Eviction[] {
    return repositories.map((each) => {
      const repository = `${name}/${each}`
      for (const [tag, image] of Object.entries(TAGS)) site.storage.write(repository, image, tag)
      return evictionOf(repository, TAGS, GOING[each])
    })
  }

  /** As often as it takes: a copy is old enough at once. */
  async function run(evictions: readonly Eviction[], more: TestRun = {}) {
    const options = { ...more, onEvict, gcWindowMs: 0 }
    const first = await executeOn(site, evictions, options)
    return first.end.phase === 'WaitingForGarbageCollection'
      ? (await executeOn(site, evictions, options)).end
      : first.end
  }

  async function stateOf(name: string) {
    const state: unknown[] = []
    for (const each of repositories) {
      const repository = `${name}/${each}`
      const workspaceRepository = journalRepository('tallyman', repository)
      const place = { client: site.direct, workspaceRepository, repository }
      state.push(await site.tags(repository), await site.has(repository, doomed.manifest.digest))
      state.push(onEvict === 'Trash' ? await site.tags(`tallyman/trash/${repository}/1`) : {})
      state.push(await unfinishedRuns(place, {}))
    }
    return state
  }

  const stays = kept.manifest.digest
  const gone = doomed.manifest.digest
  const left = { a: { kept: stays }, b: { alias: stays, kept: stays } }
  const copies = onEvict === 'Trash' ? { [trashTag(gone)]: gone } : {}
  const END = repositories.flatMap((each) => [left[each], false, copies, []])

  /** Everything that is in use pulls whole. */
  async function pulls(name: string): Promise<void> {
    for (const each of repositories) {
      for (const tag of Object.keys(left[each])) {
        const arrived = await site.pull(`${name}/${each}:${tag}`)
        const whole = [kept.manifest, ...kept.blobs].map(({ digest }) => digest)
        expect([...arrived]).toEqual(expect.arrayContaining(whole))
      }
    }
  }

  /** Runs a first time through what `breaks` does to its n-th request, and a second time to the end; for every n. */
  async function forEveryRequest(
    name: string,
    match: Pick<RequestMatch, 'method'>,
    breaks: (nth: RequestMatch, killed: () => void) => readonly (() => void)[],
  ): Promise<void> {
    const undisturbed = `${name}/undisturbed`
    const counter = site.proxy.counter({ ...match, path: new RegExp(`/${undisturbed}/`) })
    expect(await run(world(undisturbed))).toMatchObject({ phase: 'Succeeded' })
    expect(await stateOf(undisturbed)).toEqual(END)
    const requests = counter.count
    const numbers = Array.from({ length: requests }, (_, index) => index + 1).values()
    const struck = new Set<number>()
    const worker = async () => {
      for (const n of numbers) {
        const killed = `${name}/n${n}`
        const evictions = world(killed)
        const dying = new AbortController()
        const mended = breaks({ ...match, path: new RegExp(`/${killed}/`), nth: n }, () => {
          struck.add(n)
          dying.abort(new TallymanError('CANCELLED', 'killed'))
        })
        await run(evictions, { site: { signal: dying.signal } })
        for (const mend of mended) mend()
        const end = await run(evictions)
        expect([n, end.phase, end.problems]).toEqual([n, 'Succeeded', []])
        expect([n, await stateOf(killed)]).toEqual([n, END])
        await pulls(killed)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    // Requests run side by side: a run has now and then one or two fewer than the undisturbed one.
    expect(struck.size).toBeGreaterThan(requests * 0.9)
  }

  test(
    'killed before its n-th request arrived, the next process ends it as if undisturbed and what is used pulls, for every n',
    () =>
      forEveryRequest('before', {}, ({ nth = 1, ...match }, onStrike) => [
        site.proxy.rule({ kind: 'cut', at: 'request', onStrike }, { ...match, from: nth }),
      ]),
    SLOW_MS,
  )

  test(
    'killed after its n-th request that writes was carried out and before its answer, too',
    () =>
      forEveryRequest('after', WRITES, ({ nth = 1, ...match }, onStrike) => [
        site.proxy.rule({ kind: 'drop', times: 1, onStrike }, { ...match, nth }),
        site.proxy.rule({ kind: 'cut', at: 'request' }, { ...match, from: nth + 1 }),
      ]),
    SLOW_MS,
  )
})
