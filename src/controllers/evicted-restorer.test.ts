import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { EvictedRestorer, type EvictedRestorerParts } from '#controllers/evicted-restorer.ts'
import { executionSite, journalRemover } from '#controllers/policy-site.ts'
import { KnownCapabilities } from '#evict/capabilities.ts'
import { type Evicted, stillEvicted } from '#evict/evicted.ts'
import { execute } from '#evict/execution.ts'
import { journalRepository } from '#evict/journal-artifact.ts'
import { KnownJournals } from '#evict/known-journals.ts'
import { evictionOf } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { type RegistryAccounts, startRegistryAccounts } from '#test/harness/registry-accounts.ts'
import { systemClock } from '#time/clock.ts'

const RUN = 'main-20261126t053000-1f2e'
const IMAGES = { old: containerImage({ seed: 'old' }), kept: containerImage({ seed: 'kept' }) }
const READS = ['GET', 'HEAD']
const WRITES = ['POST', 'PATCH', 'PUT', 'DELETE']
const { signal } = new AbortController()
const fence = { assertLeader: () => undefined, requestTimeoutMs: 5_000 }
const may = { guard: async () => undefined, stillDoomed: () => true }

// What it says of runs is in policy-restore-run.test.ts; this is with whose leave and accounts.
describe('what brings back', () => {
  let accounts: RegistryAccounts

  beforeAll(async () => {
    accounts = await startRegistryAccounts()
  })
  afterAll(() => accounts?.stop())

  const parts = () => ({
    ...{ access: accounts.access, registries: accounts.registries, clock: systemClock },
    ...{ journals: new KnownJournals(), fence },
  })

  function restorer(more: Partial<EvictedRestorerParts> = {}): EvictedRestorer {
    return new EvictedRestorer({ ...parts(), ...more })
  }

  /** Another process has taken `old` of the repository. */
  async function evict(repository: string): Promise<void> {
    for (const [tag, image] of Object.entries(IMAGES)) accounts.storage.write(repository, image, tag)
    const own = { ...parts(), capabilities: new KnownCapabilities(systemClock), log: silentLog }
    const site = await executionSite(own, accounts.object('main'), may, signal)
    const { phase } = await execute(site, {
      ...{ run: RUN, evictions: [evictionOf(repository, IMAGES, ['old'])], sample: new Map() },
      ...{ onEvict: 'Delete', gcWindowMs: 0, evictDamaged: false, placeholder: 'Auto' },
      progress: () => undefined,
    })
    expect(phase).toBe('Succeeded')
  }

  const historyOf = (by: EvictedRestorer, repository: string, spec: object = {}) =>
    by.historyOf(accounts.object('main', spec), [{ run: RUN, repositories: [repository] }], signal)

  async function bringBack(by: EvictedRestorer, things: readonly Evicted[], spec: object = {}) {
    const outcomes = []
    for await (const { outcome } of by.bringBack(accounts.object('main', spec), things, signal))
      outcomes.push(outcome)
    return outcomes
  }

  test('S19: looks and writes with an account each, also in the workspace', async () => {
    const repository = 'shop/accounts'
    await evict(repository)
    const { who, proxy } = accounts
    const start = proxy.count
    const by = restorer()
    const things = stillEvicted(await historyOf(by, repository))
    await by.returnedTo(accounts.object('main'), [repository], signal)
    expect(who({ method: [...READS, ...WRITES], path: /\/journals\// }, start)).toEqual(['ops-pull'])
    const middle = proxy.count
    expect(await bringBack(by, things)).toContain('Restored')
    expect(who({ method: READS, path: /^\/v2\/shop\// }, start)).toEqual(['main-pull'])
    expect(who({ method: WRITES, path: /^\/v2\/shop\// }, start)).toEqual(['main-push'])
    expect(who({ method: [...READS, ...WRITES], path: /\/journals\// }, middle)).toEqual(['ops-push'])
    expect(Object.keys(await accounts.tags(repository)).sort()).toEqual(['kept', 'old'])
  })

  test('S16: writes nothing in a process that does not lead', async () => {
    const repository = 'shop/fenced'
    await evict(repository)
    const things = stillEvicted(await historyOf(restorer(), repository))
    const lost = new TallymanError('LEADERSHIP_LOST', 'another leads')
    const assertLeader = () => {
      throw lost
    }
    const start = accounts.proxy.count
    await expect(bringBack(restorer({ fence: { ...fence, assertLeader } }), things)).rejects.toBe(lost)
    expect(accounts.who({ method: WRITES }, start)).toEqual([])
  })

  test('S34: knows of a journal that is gone that it was there', async () => {
    const repository = 'shop/forgotten'
    await evict(repository)
    const by = restorer()
    expect((await historyOf(by, repository)).unsettled).toEqual([])
    const remover = await journalRemover(parts(), accounts.object('main'), signal)
    const place = journalRepository('tallyman', repository)
    const { digest } = await remover.headManifest(place, RUN)
    await remover.deleteManifest(place, digest, { ...may, signal, audit: () => undefined })
    expect((await historyOf(by, repository)).unsettled).toEqual([{ repository, run: RUN, isLost: true }])
  })

  test('S12: says that nothing can be brought back where the Registry has no workspace any more', async () => {
    const none = { workspace: undefined }
    expect(await historyOf(restorer(), 'shop/none', none)).toMatchObject({ returned: [], unsettled: [] })
    const thing = { repository: 'shop/none', run: RUN, tag: 'old', digest: IMAGES.old.manifest.digest, at: 0 }
    await expect(bringBack(restorer(), [thing], none)).rejects.toMatchObject({ code: 'SPEC_INVALID' })
  })
})
