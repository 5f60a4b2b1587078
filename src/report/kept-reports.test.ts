import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RegistryClient } from '#registry/client.ts'
import { KEPT } from '#report/kept-place.ts'
import { keepReport, lastKept, readKeptReport, reportRepository, reportTag } from '#report/kept-reports.ts'
import { contentOf, reportArtifact } from '#report/report-artifact.ts'
import { checkReport, healthyImage, sampleImages } from '#test/harness/check-report.ts'
import { foreignClient } from '#test/harness/foreign.ts'
import type { RegistryVersion, TestRegistry } from '#test/harness/registry.ts'
import { type RegistryWithClient, startRegistryWithClient } from '#test/harness/registry-client.ts'

const REPOSITORY = 'tallyman/reports/apps/in-use'
const CALL = { signal: new AbortController().signal }

test('reports lie by namespace and name, and by a hash where those are too long', () => {
  expect(reportRepository('a/b', 'apps', 'in-use')).toBe('a/b/reports/apps/in-use')
  const long = reportRepository('tallyman', 'n'.repeat(63), 'x'.repeat(253))
  expect(long).toMatch(/^tallyman\/reports\/[0-9a-f]{40}$/)
  expect(long).not.toBe(reportRepository('tallyman', 'n'.repeat(63), 'y'.repeat(253)))
})

test('what a report says does not depend on when it was said', async () => {
  const report = checkReport(sampleImages())
  const run = { ...report.run, finishedAt: '2030-01-01T00:00:00.000Z', durationSeconds: 7 }
  expect(await contentOf({ ...report, run, content: { blobs: 7, read: 3 } })).toBe(await contentOf(report))
  expect(await contentOf(checkReport(sampleImages().slice(1)))).not.toBe(await contentOf(report))
})

describe.each(['2.8', '3'] as const)('a registry %s', (version: RegistryVersion) => {
  let registry: TestRegistry
  let client: RegistryClient
  let stop: RegistryWithClient['stop']

  beforeAll(async () => {
    ;({ registry, client, stop } = await startRegistryWithClient({ version }))
  })
  afterAll(() => stop())

  test('gives back the report that it was given, and a foreign client gets its files', async () => {
    expect(await lastKept(client, REPOSITORY, CALL)).toBeUndefined()
    const report = checkReport(sampleImages())
    const content = await contentOf(report)
    const kept = await keepReport(client, REPOSITORY, report, { content, sequence: 1 }, CALL)
    expect(await lastKept(client, REPOSITORY, CALL)).toEqual(kept)
    expect(await readKeptReport(client, REPOSITORY, kept.digest, CALL)).toEqual({ report, kept })

    const regctl = await foreignClient('regctl', registry)
    const { files } = await reportArtifact(report, content, 1)
    const arrived = await regctl.pull(`${registry.host}/${REPOSITORY}:latest`)
    expect([...arrived]).toEqual(expect.arrayContaining(files.map(({ digest }) => digest)))
    await regctl.close()
  })

  test('holds the last ten, and takes no right to delete for it', async () => {
    const repository = `${REPOSITORY}-ring`
    const digests: string[] = []
    for (let sequence = 1; sequence <= KEPT + 2; sequence += 1) {
      const report = checkReport([healthyImage(`registry.example/app:${sequence}`)])
      const content = await contentOf(report)
      digests.push((await keepReport(client, repository, report, { content, sequence }, CALL)).digest)
    }
    const tags: string[] = []
    for await (const page of client.tags(repository)) tags.push(...page)
    expect(tags).toHaveLength(KEPT + 1)
    expect((await lastKept(client, repository, CALL))?.digest).toBe(digests.at(-1))
    for (const [at, digest] of digests.entries()) {
      if (at < 2) continue
      expect((await client.headManifest(repository, reportTag(at + 1))).digest).toBe(digest)
    }
  })

  test('may hold anything else there: that is no report', async () => {
    const repository = 'tallyman/reports/apps/foreign'
    const config = Buffer.from('{}')
    const digest = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
    await client.uploadBlob(repository, { digest, size: 2 }, () => config)
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const manifest = {
      ...{ schemaVersion: 2, mediaType, layers: [] },
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 2 },
    }
    const bytes = Buffer.from(JSON.stringify(manifest))
    const stored = await client.putManifest(repository, 'latest', { bytes, mediaType })
    expect(await lastKept(client, repository, CALL)).toBeUndefined()
    await expect(readKeptReport(client, repository, stored.digest, CALL)).rejects.toMatchObject({
      code: 'REPORT_INVALID',
    })
  })

  test('keeps nothing where the fence says no', async () => {
    const repository = `${REPOSITORY}-fenced`
    const report = checkReport(sampleImages())
    const fenced = () => {
      throw new Error('no longer the leader')
    }
    const kept = { content: await contentOf(report), sequence: 1 }
    await expect(
      keepReport(client, repository, report, kept, { ...CALL, beforeSend: fenced }),
    ).rejects.toThrow('no longer the leader')
    expect(await lastKept(client, repository, CALL)).toBeUndefined()
  })
})
