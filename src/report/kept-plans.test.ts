import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RegistryClient } from '#registry/client.ts'
import { csvPlan } from '#report/csv-plan.ts'
import { htmlPlan } from '#report/html-plan.ts'
import { jsonPlan } from '#report/json-plan.ts'
import { KEPT } from '#report/kept-place.ts'
import { readKeptPlan, readKeptRows } from '#report/kept-plan-reader.ts'
import {
  findKeptPlan,
  type KeptPlanEntry,
  keepPlan,
  lastKeptPlan,
  planRepository,
} from '#report/kept-plans.ts'
import { readRemovals } from '#report/kept-removals.ts'
import { sha256 } from '#report/oci-artifact.ts'
import { type PackedPlan, packPlan, unpackedRows } from '#report/packed-plan.ts'
import { PLAN_JSON_TYPE } from '#report/plan-files.ts'
import { removalsOf } from '#report/plan-removals.ts'
import { redactedPlan } from '#report/redacted-plan.ts'
import { collected } from '#test/harness/collected.ts'
import { foreignClient } from '#test/harness/foreign.ts'
import { manyTags, type PlanSample, policyPlan, verdict, WHOSE, WORKLOAD } from '#test/harness/policy-plan.ts'
import type { RegistryVersion, TestRegistry } from '#test/harness/registry.ts'
import { type RegistryWithClient, startRegistryWithClient } from '#test/harness/registry-client.ts'
import { READ_AT } from '#test/harness/registry-facts.ts'

const REPOSITORY = 'tallyman/plans/apps/lean'
const CALL = { signal: new AbortController().signal }
const packed = async (sample: PlanSample = {}) => packPlan(await policyPlan(sample))
/** A plan by which the tag with this number goes. */
const numbered = (number: number, sample: PlanSample = {}) =>
  packed({ repositories: [{ name: 'app', verdicts: [verdict(`v${number}`, 'evict')] }], ...sample })

test('plans lie by namespace and name, and by a hash where those are too long', () => {
  expect(planRepository('a/b', 'apps', 'lean')).toBe('a/b/plans/apps/lean')
  expect(planRepository('tallyman', 'n'.repeat(63), 'x'.repeat(253))).toMatch(
    /^tallyman\/plans\/[0-9a-f]{40}$/,
  )
})

describe.each(['2.8', '3'] as const)('a registry %s', (version: RegistryVersion) => {
  let registry: TestRegistry
  let client: RegistryClient
  let stop: RegistryWithClient['stop']

  beforeAll(async () => {
    ;({ registry, client, stop } = await startRegistryWithClient({ version }))
  })
  afterAll(() => stop())

  const wanted = (plan: PackedPlan, policy = WHOSE.policy) => ({ plan: plan.head.digest, policy })
  const read = (repository: string, entry: KeptPlanEntry) => readRemovals(client, repository, entry, CALL)

  test('gives back what goes by the plan that it was given, and a foreign client gets its files', async () => {
    expect(await lastKeptPlan(client, REPOSITORY, CALL)).toBeUndefined()
    const document = await policyPlan()
    const plan = await packPlan(document)
    expect(await findKeptPlan(client, REPOSITORY, wanted(plan), CALL)).toBeUndefined()
    const kept = await keepPlan(client, REPOSITORY, plan, 1, CALL)
    expect(kept).toMatchObject({ sequence: 1, content: plan.content, readAt: READ_AT, policy: WHOSE.policy })
    expect(await lastKeptPlan(client, REPOSITORY, CALL)).toEqual(kept)
    const found = await findKeptPlan(client, REPOSITORY, wanted(plan), CALL)
    expect(found).toEqual(kept)
    expect(await read(REPOSITORY, kept)).toEqual(await removalsOf(plan))

    expect(await readKeptPlan(client, REPOSITORY, kept, CALL)).toEqual(plan)

    const regctl = await foreignClient('regctl', registry)
    const arrived = await regctl.pull(`${registry.host}/${REPOSITORY}:latest`)
    expect([...arrived]).toEqual(expect.arrayContaining(kept.files.map(({ digest }) => digest)))
    await regctl.close()
    const [json, csv, html] = await Promise.all(
      kept.files.map(async (file) => Buffer.concat(await collected(client.readBlob(REPOSITORY, file, CALL)))),
    )
    expect(gunzipSync(json ?? '').toString()).toBe([...jsonPlan(document)].join(''))
    expect(gunzipSync(csv ?? '').toString()).toBe([...csvPlan(document)].join(''))
    expect(html?.toString()).toBe([...htmlPlan(plan)].join(''))
  })

  test('gives back the whole plan, of many tags, hostile names or none at all', async () => {
    const repository = `${REPOSITORY}-whole`
    const before = [{ repository: 'app', tag: 'v0', digest: undefined, action: 'evict' as const }]
    const samples: PlanSample[] = [
      { repositories: manyTags(5_000, '</script>\n  "tags": [') },
      { repositories: [], unmatchedRules: ['prdo'] },
      { before, blocks: [{ code: 'LedgerLost', message: 'it\nis not', isAcceptable: true, madeSince: 5 }] },
    ]
    for (const [at, sample] of samples.entries()) {
      for (const plan of [await packed(sample), await redactedPlan(await packed(sample))]) {
        const kept = await keepPlan(client, repository, plan, at + 1, CALL)
        expect(await readKeptPlan(client, repository, kept, CALL)).toEqual(plan)
        const all = (await collected(unpackedRows(plan))).flat()
        for (const name of ['</script>\n  "tags": [', 'app', 'team-001/app', 'shop/web']) {
          const { head, rows } = await readKeptRows(client, repository, kept, name, CALL)
          expect(head).toEqual(plan.head)
          expect(rows).toEqual(all.filter((row) => row.repository === name))
        }
      }
    }
  })

  test('gives back nothing that it was not given as this plan', async () => {
    const repository = `${REPOSITORY}-other`
    const plan = await numbered(1)
    const kept = await keepPlan(client, repository, plan, 1, CALL)
    const refused = { code: 'REPORT_INVALID' }
    const reading = (entry: KeptPlanEntry) => readKeptPlan(client, repository, entry, CALL)
    const other = await numbered(2)
    await expect(reading({ ...kept, content: other.content })).rejects.toMatchObject(refused)
    await expect(reading({ ...kept, plan: other.head.digest })).rejects.toMatchObject(refused)
    await expect(reading({ ...kept, files: [] })).rejects.toMatchObject(refused)
    const written = [...jsonPlan(await policyPlan())].join('')
    // Unpacked it is a thousand times what is read, and no line ends.
    const bomb = Buffer.alloc(64 * 1024 * 1024, 0x20)
    for (const text of [
      '',
      'nonsense\n',
      '{\n  "tags": [\n  ]\n}\n',
      written.replace('"Approve"', '7'),
      bomb,
    ]) {
      const content = gzipSync(text)
      const blob = { digest: sha256(content), size: content.length }
      await client.uploadBlob(repository, blob, () => content)
      const files = kept.files.map((file) =>
        file.mediaType === PLAN_JSON_TYPE ? { ...file, ...blob } : file,
      )
      await expect(reading({ ...kept, files })).rejects.toMatchObject(refused)
    }
  })

  test('holds the last ten, and each of them is found by its digest', async () => {
    const repository = `${REPOSITORY}-ring`
    const plans: PackedPlan[] = []
    for (let sequence = 1; sequence <= KEPT + 2; sequence += 1) {
      const plan = await numbered(sequence)
      plans.push(plan)
      await keepPlan(client, repository, plan, sequence, CALL)
    }
    const tags: string[] = []
    for await (const page of client.tags(repository)) tags.push(...page)
    expect(tags).toHaveLength(KEPT + 1)
    for (const [at, plan] of plans.entries()) {
      const entry = await findKeptPlan(client, repository, wanted(plan), CALL)
      expect(entry?.sequence).toBe(at < 2 ? undefined : at + 1)
    }
    const [third] = plans.slice(2)
    if (third === undefined) throw new Error('there are twelve plans')
    expect(await findKeptPlan(client, repository, wanted(third, 'another policy'), CALL)).toBeUndefined()
    await keepPlan(client, repository, third, KEPT + 3, CALL)
    const again = await findKeptPlan(client, repository, wanted(third), CALL)
    expect(again?.sequence).toBe(KEPT + 3)
  })

  test('S12: what is kept under a digest and is not what that digest is of goes nowhere', async () => {
    const repository = `${REPOSITORY}-forged`
    const kept = await keepPlan(client, repository, await numbered(1), 1, CALL)
    const forged = async (content: Buffer): Promise<KeptPlanEntry> => {
      const blob = { digest: sha256(content), size: content.length }
      await client.uploadBlob(repository, blob, () => content)
      return {
        ...kept,
        files: kept.files.map((file) => (file.mediaType.includes('removals') ? { ...file, ...blob } : file)),
      }
    }
    const lines = [
      JSON.stringify([WHOSE.registry, WHOSE.policy, WHOSE.rules]),
      '["app","v2","sha256:2","evict"]',
      '',
    ]
    for (const text of [lines.join('\n'), lines.join('\n').slice(0, -1), 'nonsense\n', '["a"]\n', '']) {
      await expect(read(repository, await forged(gzipSync(text)))).rejects.toMatchObject({
        code: 'REPORT_INVALID',
      })
    }
    await expect(read(repository, await forged(Buffer.from('no gzip')))).rejects.toMatchObject({
      code: 'REPORT_INVALID',
    })
    await expect(read(repository, { ...kept, files: [] })).rejects.toMatchObject({ code: 'REPORT_INVALID' })
    const other = await numbered(2)
    await expect(read(repository, { ...kept, plan: other.head.digest })).rejects.toMatchObject({
      code: 'REPORT_INVALID',
    })
    // Unpacked it is a thousand times what is read, and no line ends.
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20))
    await expect(read(repository, await forged(bomb))).rejects.toMatchObject({ code: 'REPORT_INVALID' })
  })

  test('may hold anything else there: that is no plan', async () => {
    const repository = 'tallyman/plans/apps/foreign'
    const config = Buffer.from('{}')
    await client.uploadBlob(repository, { digest: sha256(config), size: 2 }, () => config)
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const empty = { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256(config), size: 2 }
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, layers: [], config: empty }))
    for (const tag of ['latest', 'plan-1']) await client.putManifest(repository, tag, { bytes, mediaType })
    expect(await lastKeptPlan(client, repository, CALL)).toBeUndefined()
    expect(await findKeptPlan(client, repository, wanted(await numbered(1)), CALL)).toBeUndefined()
  })

  test('keeps nothing where the fence says no', async () => {
    const repository = `${REPOSITORY}-fenced`
    const fenced = () => {
      throw new Error('no longer the leader')
    }
    const call = { ...CALL, beforeSend: fenced }
    await expect(keepPlan(client, repository, await numbered(1), 1, call)).rejects.toThrow(
      'no longer the leader',
    )
    expect(await lastKeptPlan(client, repository, CALL)).toBeUndefined()
  })

  test('gives back many removals as they were', async () => {
    const repository = `${REPOSITORY}-many`
    const repositories = manyTags(20_000, WORKLOAD).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const plan = await packed({ repositories })
    const kept = await keepPlan(client, repository, plan, 1, CALL)
    expect(await read(repository, kept)).toEqual(await removalsOf(plan))
  })
})
