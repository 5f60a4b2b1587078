import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { executeOn, type TestRun } from '#test/harness/execution.ts'
import { containerImage } from '#test/harness/images.ts'
import type { Eviction } from './eviction.ts'
import { journalRepository } from './journal-artifact.ts'
import { unfinishedRuns } from './workspace-journal.ts'

/** Worlds at once: each waits for its own requests most of the time. */
const AT_ONCE = 12
const SLOW_MS = 300_000

const doomed = containerImage({ seed: 'execution-kill/doomed' })
const kept = containerImage({ seed: 'execution-kill/kept' })
const GOING = { a: ['old', 'alias'], b: ['old'] }
const TAGS = { alias: kept, kept, old: doomed }

/** Stages by themselves are killed on both products in kill.test.ts, copies in trash-kill.test.ts. */
describe.each([
  ['2.8', 'Delete', ['a', 'b']],
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
      state.push(await unfinishedRuns(place, {}))
    }
    return state
  }

  const stays = kept.manifest.digest
  const left = { a: { kept: stays }, b: { alias: stays, kept: stays } }
  const END = repositories.flatMap((each) => [left[each], false, []])

  test(
    'killed before its n-th request arrived, the next process ends it as if undisturbed, for every n',
    async () => {
      const counter = site.proxy.counter({ path: /undisturbed/ })
      expect(await run(world('undisturbed'))).toMatchObject({ phase: 'Succeeded' })
      expect(await stateOf('undisturbed')).toEqual(END)
      const requests = counter.count
      const numbers = Array.from({ length: requests }, (_, index) => index + 1).values()
      let struck = 0
      const worker = async () => {
        for (const n of numbers) {
          const name = `killed/n${n}`
          const evictions = world(name)
          const dying = new AbortController()
          const onStrike = () => {
            struck += 1
            dying.abort(new TallymanError('CANCELLED', 'killed'))
          }
          const mend = site.proxy.rule(
            { kind: 'cut', at: 'request', onStrike },
            { path: new RegExp(`/${name}/`), from: n },
          )
          await run(evictions, { site: { signal: dying.signal } })
          mend()
          const end = await run(evictions)
          expect([n, end.phase, end.problems]).toEqual([n, 'Succeeded', []])
          expect([n, await stateOf(name)]).toEqual([n, END])
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      expect(struck).toBeGreaterThan(requests * 0.9)
    },
    SLOW_MS,
  )
})
