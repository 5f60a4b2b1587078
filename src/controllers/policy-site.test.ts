import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { DeletionGuard } from '#controllers/deletion-guard.ts'
import { executionSite, journalRemover, type SiteParts } from '#controllers/policy-site.ts'
import { KnownCapabilities } from '#evict/capabilities.ts'
import { type ExecutionEnd, type ExecutionSite, execute } from '#evict/execution.ts'
import { journalRepository } from '#evict/journal-artifact.ts'
import { KnownJournals } from '#evict/known-journals.ts'
import type { Log } from '#kube/log.ts'
import type { AuditLine } from '#registry/client.ts'
import { evictionOf } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { type RegistryAccounts, startRegistryAccounts } from '#test/harness/registry-accounts.ts'
import { systemClock } from '#time/clock.ts'

const RUN = 'main-20261126t053000-1f2e'
const IMAGES = { old: containerImage({ seed: 'old' }), kept: containerImage({ seed: 'kept' }) }
const READS = ['GET', 'HEAD']
const WRITES = ['POST', 'PATCH', 'PUT']
const { signal } = new AbortController()

type Guards = Pick<DeletionGuard, 'guard' | 'stillDoomed'>

describe('what it takes to delete from a registry', () => {
  let accounts: RegistryAccounts
  let parts: SiteParts
  let lines: AuditLine[]
  const log: Log = {
    ...silentLog,
    info: (fields) => {
      if ('audit' in fields) lines.push(fields.audit as AuditLine)
    },
  }

  beforeAll(async () => {
    accounts = await startRegistryAccounts()
    const { access, registries } = accounts
    parts = {
      ...{ access, registries, clock: systemClock, log, fence: { assertLeader: () => undefined } },
      ...{ journals: new KnownJournals(), capabilities: new KnownCapabilities(systemClock) },
    }
  })
  afterEach(() => accounts.proxy.clear())
  afterAll(() => accounts?.stop())

  const may: Guards = { guard: async () => undefined, stillDoomed: () => true }

  async function siteWith(guards = may, more: Partial<SiteParts> = {}, spec: object = {}) {
    return await executionSite({ ...parts, ...more }, accounts.object('main', spec), guards, signal)
  }

  /** Lets `old` of a repository go. */
  async function carryOut(
    site: ExecutionSite,
    repository: string,
    onEvict: 'Trash' | 'Delete' = 'Delete',
  ): Promise<ExecutionEnd> {
    for (const [tag, image] of Object.entries(IMAGES)) accounts.storage.write(repository, image, tag)
    return await execute(site, {
      ...{ run: RUN, evictions: [evictionOf(repository, IMAGES, ['old'])], sample: new Map() },
      ...{ onEvict, gcWindowMs: 0, evictDamaged: false, placeholder: 'Auto' },
      progress: () => undefined,
    })
  }

  async function deleteJournal(repository: string): Promise<void> {
    const client = await journalRemover(parts, accounts.object('main'), signal)
    const place = journalRepository('tallyman', repository)
    const { digest } = await client.headManifest(place, RUN)
    await client.deleteManifest(place, digest, { ...may, signal, audit: () => undefined })
  }

  const whole = Object.keys(IMAGES).sort()

  test('S19: looks, writes and deletes with an account each, and each request that takes something away is one line', async () => {
    const repository = 'shop/accounts'
    lines = []
    // The first call makes a copy, the next one finds it old enough.
    for (const phase of ['WaitingForGarbageCollection', 'Succeeded'])
      expect(await carryOut(await siteWith(), repository, 'Trash')).toMatchObject({ phase, problems: [] })
    const { who } = accounts
    expect(who({ method: READS, path: /^\/v2\/(shop|tallyman\/trash)\// })).toEqual(['main-pull'])
    expect(who({ method: WRITES, path: /^\/v2\/(shop|tallyman\/trash)\// })).toEqual(['main-push'])
    expect(who({ method: 'DELETE', path: /^\/v2\/shop\// })).toEqual(['main-delete'])
    expect(who({ method: [...READS, ...WRITES, 'DELETE'], path: /\/journals\// })).toEqual(['ops-push'])
    // On 2.8 a tag goes with a placeholder that is written over it.
    const takes = accounts.proxy.requests.filter(
      ({ method, path }) => method === 'DELETE' || (method === 'PUT' && path.endsWith('/old')),
    )
    expect(takes.map(({ method }) => method)).toContain('PUT')
    expect(lines.map(({ method, reference }) => `${method} ${reference}`).sort()).toEqual(
      takes.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`).sort(),
    )
    await deleteJournal(repository)
    expect(who({ method: 'DELETE', path: /\/journals\// })).toEqual(['ops-delete'])
  })

  test('S16: nothing is written by a process that does not lead', async () => {
    const lost = new TallymanError('LEADERSHIP_LOST', 'another leads')
    const assertLeader = () => {
      throw lost
    }
    const { stoppedBy } = await carryOut(await siteWith(may, { fence: { assertLeader } }), 'shop/fenced')
    expect(stoppedBy).toBe(lost)
    expect(accounts.who({ method: WRITES, path: /shop\/fenced\// })).toEqual([])
  })

  test('S01, S04: what forbids a request keeps it from being sent, and what is needed by then stays', async () => {
    const lost = new TallymanError('CLAIM_LOST', 'another has it')
    const guard = async () => {
      throw lost
    }
    expect(await carryOut(await siteWith({ ...may, guard }), 'shop/guarded')).toMatchObject({
      stoppedBy: lost,
    })
    expect(accounts.who({ method: 'DELETE', path: /shop\/guarded\// })).toEqual([])
    const spares = await carryOut(await siteWith({ ...may, stillDoomed: () => false }), 'shop/needed')
    expect(spares).toMatchObject({ phase: 'Succeeded', counts: { untagged: 0, swept: 0 } })
    expect(Object.keys(await accounts.tags('shop/needed')).sort()).toEqual(whole)
  })

  test('S16: a DELETE may take as long as the Registry says', async () => {
    accounts.proxy.rule({ kind: 'delay', ms: 40, at: 'request' }, { method: 'DELETE' })
    const site = await siteWith(may, {}, { deletion: { requestLimit: '20ms' } })
    const { problems } = await carryOut(site, 'shop/slow')
    expect(problems).toMatchObject([{ repository: 'shop/slow', error: { code: 'DELETE_UNSAFE' } }])
    expect(Object.keys(await accounts.tags('shop/slow')).sort()).toEqual(whole)
    expect((await siteWith()).deleteLimitMs).toBe(60_000)
  })

  test('S34: a journal that the process knows of is not begun anew where it is gone', async () => {
    const repository = 'shop/forgotten'
    expect((await carryOut(await siteWith(), repository)).phase).toBe('Succeeded')
    await deleteJournal(repository)
    const { problems } = await carryOut(await siteWith(), repository)
    expect(problems).toMatchObject([{ repository, error: { code: 'JOURNAL_LOST' } }])
    expect(Object.keys(await accounts.tags(repository)).sort()).toEqual(whole)
  })

  test('S16: is nothing without a place for journals', async () => {
    const none = { workspace: undefined }
    await expect(siteWith(may, {}, none)).rejects.toMatchObject({ code: 'WORKSPACE_REQUIRED' })
    const remover = journalRemover(parts, accounts.object('main', none), signal)
    await expect(remover).rejects.toMatchObject({ code: 'WORKSPACE_REQUIRED' })
  })
})
