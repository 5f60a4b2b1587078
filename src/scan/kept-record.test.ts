import { rename } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RegistryClient } from '#registry/client.ts'
import { EMPTY_RECORD, MADE_ANEW, type PolicyRecord } from '#retention/policy-record.ts'
import { policyRepository } from '#scan/kept-artifact.ts'
import { keepRecord, readRecord } from '#scan/kept-record.ts'
import { KnownRecords } from '#scan/known-records.ts'
import { damage } from '#test/harness/damage.ts'
import { artifact } from '#test/harness/images.ts'
import { pushImage } from '#test/harness/push.ts'
import type { TestRegistry } from '#test/harness/registry.ts'
import { type RegistryWithClient, startRegistryWithClient } from '#test/harness/registry-client.ts'

const { signal } = new AbortController()
const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`

test('what a policy keeps lies by namespace and name, and by a hash where those are too long', () => {
  expect(policyRepository('a/b', 'apps', 'web')).toBe('a/b/policies/apps/web')
  const long = policyRepository('tallyman', 'n'.repeat(63), 'x'.repeat(253))
  expect(long).toMatch(/^tallyman\/policies\/[0-9a-f]{40}$/)
  expect(long).not.toBe(policyRepository('tallyman', 'n'.repeat(63), 'y'.repeat(253)))
})

describe.each(['2.8', '3'] as const)('S12: a record in a registry %s', (version) => {
  let registry: TestRegistry
  let client: RegistryClient
  let stop: RegistryWithClient['stop']

  beforeAll(async () => {
    ;({ registry, client, stop } = await startRegistryWithClient({ version }))
  })
  afterAll(() => stop())

  const placeOf = (name: string, known = new KnownRecords()) => ({
    ...{ client, known, url: registry.url, repository: `tallyman/policies/apps/${name}`, tag: 'record' },
  })
  const read = (name: string, policy = 'uid', known?: KnownRecords) =>
    readRecord(placeOf(name, known), policy, { signal })
  const written = new KnownRecords()
  const keep = (name: string, record: PolicyRecord, known = written) =>
    keepRecord(placeOf(name, known), 'uid', record, { signal })

  /** The content differs from name to name: the registry holds each blob once. */
  const recordOf = (name: string): PolicyRecord => ({
    approvals: [{ plan: digest(1), usedAt: 5, run: name }],
    restored: [{ repository: 'app', tag: 'v0', until: 6 }],
    run: {
      ...{ registry: { uid: 'u', url: 'https://r.example' }, mark: 'm' },
      ...{ id: name, plan: digest(1), startedAt: 5, resumesAt: undefined, repositories: ['app'] },
      cause: 'Enforced',
      bindings: Array.from({ length: 5_000 }, (_, n) => ({
        repository: 'app',
        tag: `t${n}`,
        digest: digest(n),
      })),
      digests: [{ repository: 'app', digest: digest(1) }],
    },
    runs: [{ id: 'before', plan: digest(2), startedAt: 1, finishedAt: 2, repositories: ['app'] }],
    hold: { since: 4, because: 'it came into use' },
  })

  test('is empty where none was kept, and else as it was kept last', async () => {
    expect(await read('kept')).toEqual(EMPTY_RECORD)
    await keep('kept', recordOf('first'))
    await keep('kept', recordOf('second'))
    expect(await read('kept')).toEqual(recordOf('second'))
    const over = { ...recordOf('third'), run: undefined, hold: undefined }
    await keep('kept', over)
    expect(await read('kept')).toEqual(over)
  })

  test('is not taken for an empty one where its manifest is lost, its content is damaged, or something else lies there', async () => {
    for (const how of ['manifest-missing', 'layer-half', 'layer-missing'] as const) {
      await keep(how, recordOf(how))
      damage(how, {
        storageDir: registry.storageDir,
        repository: placeOf(how).repository,
        reference: 'record',
      })
      await expect(read(how)).rejects.toThrowError()
    }
    await pushImage(registry, placeOf('foreign').repository, artifact({ seed: 'foreign' }), 'record')
    await expect(read('foreign')).rejects.toMatchObject({
      ...{
        code: 'MEMORY_INVALID',
        message: expect.stringContaining('tallyman/policies/apps/foreign:record'),
      },
    })
  })

  test.each(['read', 'written'])(
    'S34: is not taken for one that never was where this process has %s it, whatever the registry says',
    async (how) => {
      const name = `seen-${how}`
      const known = new KnownRecords()
      await keep(name, recordOf(name), how === 'written' ? known : undefined)
      if (how === 'read') await read(name, 'uid', known)
      const { storageDir } = registry
      const there = path.join(storageDir, 'docker/registry/v2/repositories', placeOf(name).repository)
      await rename(there, `${storageDir}/away`)
      await expect(read(name, 'uid', known)).rejects.toMatchObject({
        ...{ code: 'MEMORY_INVALID', message: expect.stringMatching(/is gone, and named sha256:.* before$/) },
      })
      // Who has begun just now knows no better, nor is it missed in another registry.
      expect(await read(name)).toEqual(EMPTY_RECORD)
      const elsewhere = { ...placeOf(name, known), url: 'https://moved.example' }
      expect(await readRecord(elsewhere, 'uid', { signal })).toEqual(EMPTY_RECORD)
      await rename(`${storageDir}/away`, there)
      expect(await read(name, 'uid', known)).toEqual(recordOf(name))
    },
  )

  test('S32: is not written over where it is another one than this process has read or written', async () => {
    const [ours, theirs] = [new KnownRecords(), new KnownRecords()]
    await keep('shared', recordOf('ours'), ours)
    await read('shared', 'another', theirs)
    await keep('shared', recordOf('theirs'), theirs)
    for (const known of [ours, new KnownRecords()])
      await expect(keep('shared', recordOf('late'), known)).rejects.toMatchObject({
        ...{ code: 'RECORD_CONFLICT', message: expect.stringMatching(/shared:record names sha256:/) },
      })
    expect(await read('shared', 'uid', ours)).toEqual(recordOf('theirs'))
    await keep('shared', recordOf('next'), ours)
    expect(await read('shared')).toEqual(recordOf('next'))
  })

  test('hands its run to another policy as one that does not go on (S21)', async () => {
    await keep('handed', recordOf('handed'))
    const run = { id: 'handed', mark: MADE_ANEW }
    expect(await read('handed', 'another')).toMatchObject({ run, runs: [{}] })
    // Also once that one has written it down as its own.
    const known = new KnownRecords()
    const record = await read('handed', 'another', known)
    await keepRecord(placeOf('handed', known), 'another', record, { signal })
    expect(await read('handed', 'another')).toMatchObject({ run, runs: [{}] })
  })
})
