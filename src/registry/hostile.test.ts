import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type HostileProcess,
  startHostileProcess,
  type Trial,
} from '#test/harness/hostile-registry/process.ts'
import {
  type HostileRegistry,
  type HostileRepository,
  startHostileRegistry,
} from '#test/harness/hostile-registry.ts'
import { systemClock } from '#time/clock.ts'
import type { RegistryClient } from './client.ts'
import { RegistryPool } from './pool.ts'

let hostile: HostileRegistry
let pool: RegistryPool
let client: RegistryClient

beforeAll(async () => {
  hostile = await startHostileRegistry()
})

afterAll(() => hostile.stop())

beforeEach(() => {
  const timeouts = { answerMs: 1_500, progressWindowMs: 1_500, throttleMs: 2_000 }
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test', timeouts })
  client = pool.client({ url: hostile.url, limits: { concurrency: 4 } })
})

afterEach(() => pool.close())

async function count(pages: AsyncIterable<readonly string[]>): Promise<number> {
  let entries = 0
  for await (const page of pages) entries += page.length
  return entries
}

describe('manifests', () => {
  const cases: readonly (readonly [HostileRepository, string])[] = [
    ['huge-manifest', 'REGISTRY_TOO_LARGE'],
    ['endless-manifest', 'REGISTRY_TOO_LARGE'],
    ['deep-manifest', 'REGISTRY_MANIFEST_INVALID'],
    ['dense-manifest', 'REGISTRY_MANIFEST_INVALID'],
    ['one-byte-a-second', 'REGISTRY_TIMEOUT'],
    ['never-answers', 'REGISTRY_TIMEOUT'],
    ['short-body', 'REGISTRY_TRUNCATED'],
    ['long-body', 'REGISTRY_DIGEST_MISMATCH'],
    ['lying-digest', 'REGISTRY_DIGEST_MISMATCH'],
    ['huge-headers', 'REGISTRY_TOO_LARGE'],
    ['endless-redirects', 'REGISTRY_REDIRECT'],
    ['redirect-to-itself', 'REGISTRY_REDIRECT'],
    ['redirect-to-private', 'REGISTRY_REDIRECT'],
    ['redirect-to-nowhere', 'REGISTRY_REDIRECT'],
    ['endless-error', 'REGISTRY_SERVER_ERROR'],
    ['endless-not-found', 'REGISTRY_ABSENT'],
    ['gzip-bomb', 'REGISTRY_UNSUPPORTED'],
    ['private-realm', 'REGISTRY_REALM_UNTRUSTED'],
    ['retry-in-an-age', 'REGISTRY_THROTTLED'],
    ['invalid-utf8', 'REGISTRY_MANIFEST_INVALID'],
    ['html-with-200', 'REGISTRY_NOT_A_REGISTRY'],
  ]
  test.each(cases)('%s is told as %s, and little is read', async (repository, code) => {
    const before = hostile.bytesSent
    await expect(client.getManifest(repository, 'latest')).rejects.toMatchObject({ code })
    // What we read, and what had filled the buffers of the sockets when we left.
    expect(hostile.bytesSent - before).toBeLessThan(48 * 1024 * 1024)
  })

  test('a digest of another kind and a type of another kind are judged by the bytes', async () => {
    for (const repository of ['malformed-digest', 'wrong-content-type']) {
      const manifest = await client.getManifest(repository, 'latest')
      const digest = `sha256:${createHash('sha256').update(manifest.bytes).digest('hex')}`
      expect(manifest).toMatchObject({ kind: 'image', digest })
    }
  })
})

describe('listings', () => {
  test.each([
    ['deep-tags', 'REGISTRY_PAGINATION'],
    ['endless-tags', 'REGISTRY_PAGINATION'],
    ['circling-tags', 'REGISTRY_PAGINATION'],
    ['one-byte-a-second', 'REGISTRY_TIMEOUT'],
    ['never-answers', 'REGISTRY_TIMEOUT'],
    ['html-with-200', 'REGISTRY_NOT_A_REGISTRY'],
  ] as const)('%s is told as %s', async (repository, code) => {
    await expect(count(client.tags(repository))).rejects.toMatchObject({ code })
  })

  test('a catalog without an end is told as that', async () => {
    await expect(count(client.repositories())).rejects.toMatchObject({ code: 'REGISTRY_PAGINATION' })
  })

  test('a next page on another origin is asked for at the own one', async () => {
    const visits = hostile.canary.visits.length
    await expect(count(client.tags('foreign-next-page'))).rejects.toMatchObject({
      code: 'REGISTRY_PAGINATION',
    })
    expect(hostile.canary.visits.length).toBe(visits)
  })
})

describe('blobs', () => {
  const blob = { digest: `sha256:${'0'.repeat(64)}`, size: 1000 }

  test('more than the descriptor says is not read', async () => {
    const before = hostile.bytesSent
    await expect(client.hashBlob('huge-blob', blob)).rejects.toMatchObject({ code: 'REGISTRY_SIZE_MISMATCH' })
    await expect(client.probeBlob('huge-blob', blob)).rejects.toMatchObject({
      code: 'REGISTRY_SIZE_MISMATCH',
    })
    await expect(client.getConfig('huge-blob', blob)).rejects.toMatchObject({
      code: 'REGISTRY_SIZE_MISMATCH',
    })
    expect(hostile.bytesSent - before).toBeLessThan(64 * 1024 * 1024)
  })

  test('a silent registry and a web page say nothing about a blob', async () => {
    await expect(client.probeBlob('never-answers', blob)).rejects.toMatchObject({ code: 'REGISTRY_TIMEOUT' })
    await expect(client.probeBlob('html-with-200', blob)).rejects.toMatchObject({
      code: 'REGISTRY_NOT_A_REGISTRY',
    })
  })
})

test('nobody is led elsewhere with credentials', async () => {
  const credential = { kind: 'basic', username: 'u', password: 'p' } as const
  const reader = pool.client({ url: hostile.url, credential, limits: { concurrency: 1 } })
  for (const repository of ['redirect-to-foreign', 'redirect-to-private', 'private-realm']) {
    await expect(reader.getManifest(repository, 'latest')).rejects.toBeInstanceOf(Error)
  }
  expect(hostile.canary.visits.filter(({ authorized }) => authorized)).toEqual([])
})

describe('memory of a client in a process of its own grows by 64 MiB at most', { timeout: 180_000 }, () => {
  const MOST_MB = 64
  let server: HostileProcess

  beforeAll(async () => {
    server = await startHostileProcess()
  })

  afterAll(() => server.stop())

  /** In one process, one after another: what the first leaves behind counts for the last. */
  const CALLS: readonly (readonly [Trial['call'], HostileRepository, string])[] = [
    ['manifest', 'huge-manifest', 'REGISTRY_TOO_LARGE'],
    ['manifest', 'endless-manifest', 'REGISTRY_TOO_LARGE'],
    ['manifest', 'deep-manifest', 'REGISTRY_MANIFEST_INVALID'],
    ['manifest', 'dense-manifest', 'REGISTRY_MANIFEST_INVALID'],
    ['manifest', 'one-byte-a-second', 'REGISTRY_TIMEOUT'],
    ['manifest', 'short-body', 'REGISTRY_TRUNCATED'],
    ['manifest', 'long-body', 'REGISTRY_DIGEST_MISMATCH'],
    ['manifest', 'lying-digest', 'REGISTRY_DIGEST_MISMATCH'],
    ['manifest', 'huge-headers', 'REGISTRY_TOO_LARGE'],
    ['manifest', 'endless-redirects', 'REGISTRY_REDIRECT'],
    ['manifest', 'endless-error', 'REGISTRY_SERVER_ERROR'],
    ['manifest', 'endless-not-found', 'REGISTRY_ABSENT'],
    ['manifest', 'gzip-bomb', 'REGISTRY_UNSUPPORTED'],
    ['blob', 'huge-blob', 'REGISTRY_SIZE_MISMATCH'],
    ['tags', 'deep-tags', 'REGISTRY_PAGINATION'],
    ['tags', 'circling-tags', 'REGISTRY_PAGINATION'],
    ['tags', 'one-byte-a-second', 'REGISTRY_TIMEOUT'],
    ['tags', 'endless-tags', 'REGISTRY_PAGINATION'],
  ]

  test('whatever is asked for, one call after another', async () => {
    const outcomes = await server.try([
      ...CALLS.map(([call, repository]) => ({ call, repositories: [repository] })),
      { call: 'catalog', repositories: [] },
    ])
    expect(outcomes.map(({ said }) => said)).toEqual([
      ...CALLS.map(([, , code]) => [code]),
      ['REGISTRY_PAGINATION'],
    ])
    expect(Math.max(...outcomes.map(({ growthMb }) => growthMb))).toBeLessThanOrEqual(MOST_MB)
  })

  test.each([
    ['a page of tags without end', 'endless-tag-page', 'REGISTRY_TOO_LARGE'],
    ['pages without end, each as large as we take', 'huge-tag-pages', 'REGISTRY_PAGINATION'],
  ] as const)('%s', async (_, repository, code) => {
    const [outcome] = await server.try([{ call: 'tags', repositories: [repository] }])
    expect(outcome?.said).toEqual([code])
    expect(outcome?.growthMb).toBeLessThanOrEqual(MOST_MB)
  })

  /** What a check of depth Blobs finds; a listing is read only where a tag is gone. */
  const FOUND: Readonly<Record<HostileRepository, string>> = {
    'huge-manifest': 'ManifestDamaged',
    'endless-manifest': 'ManifestDamaged',
    'deep-manifest': 'ManifestDamaged',
    'dense-manifest': 'ManifestDamaged',
    'huge-blob': 'ConfigDamaged LayerDamaged',
    'deep-tags': '',
    'endless-tags': '',
    'gone-among-endless-tags': 'TagMissing',
    'endless-tag-page': '',
    'huge-tag-pages': '',
    'circling-tags': '',
    'foreign-next-page': '',
    'one-byte-a-second': 'NotExamined',
    'short-body': 'ManifestDamaged',
    'long-body': 'ManifestDamaged',
    'lying-digest': 'ManifestDamaged',
    'malformed-digest': '',
    'huge-headers': 'ManifestDamaged',
    'endless-redirects': 'NotExamined',
    'redirect-to-itself': 'NotExamined',
    'redirect-to-private': 'NotExamined',
    'redirect-to-foreign': 'ManifestMissing',
    'redirect-to-nowhere': 'NotExamined',
    'endless-error': 'NotExamined',
    'endless-not-found': 'ManifestMissing',
    'never-answers': 'NotExamined',
    'gzip-bomb': 'ManifestUnsupported',
    'private-realm': 'PullDenied',
    'foreign-realm': 'PullDenied',
    'retry-in-an-age': 'NotExamined',
    'invalid-utf8': 'ManifestDamaged',
    'wrong-content-type': '',
    'html-with-200': 'NotExamined',
  }

  test('a scan of all of it at once, and each lie is told as what it is', async () => {
    const repositories = hostile.repositories
    const [outcome] = await server.try([{ call: 'scan', repositories }])
    expect(outcome?.said).toEqual(repositories.map((name) => `${name} ${FOUND[name]}`.trim()))
    expect(outcome?.growthMb).toBeLessThanOrEqual(MOST_MB)
  })
})
