import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { PolicyAnchors } from '#controllers/policy-anchors.ts'
import type { Right } from '#controllers/registry-access.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { RegistryPool } from '#registry/pool.ts'
import { anchorTag } from '#retention/anchor-tag.ts'
import { reason } from '#retention/reasons.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'

describe('S14: what a plan found in use without a tag', () => {
  let site: EvictionSite
  /** What the account that may push goes through. */
  let writing: FaultProxy
  let pool: RegistryPool
  let isLeading = true

  beforeAll(async () => {
    site = await startEvictionSite('3')
    writing = await startFaultProxy({ upstream: site.registry.url })
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  })
  afterEach(() => {
    isLeading = true
    writing.clear()
  })
  afterAll(async () => {
    await writing.stop()
    await pool.close()
    await site.stop()
  })

  const opened = (right: Right) => {
    const client =
      right === 'push' ? pool.client({ url: writing.url, limits: { concurrency: 8 } }) : site.client
    return { client, url: '', product: 'unknown', authenticated: false, skewMs: 0 } as const
  }
  const assertLeader = () => {
    if (!isLeading) throw new TallymanError('LEADERSHIP_LOST', 'another leads')
  }

  /** An image of each repository without a tag. */
  function untagged(...repositories: string[]) {
    return repositories.map((repository) => {
      const image = containerImage({ seed: repository })
      site.storage.write(repository, image)
      return { repository, digest: image.manifest.digest, reason: reason('InUse') }
    })
  }

  async function keep(
    found: ReturnType<typeof untagged>,
    mode: 'DryRun' | 'Approve' = 'Approve',
    anchorInUse = 'Tag',
  ) {
    const anchors = new PolicyAnchors({
      access: { open: async (_registry, _signal, right = 'pull') => opened(right) },
      fence: { assertLeader, requestTimeoutMs: 1_000 },
      log: silentLog,
    })
    const registry: RegistryObject = {
      ...{
        apiVersion: 'tallyman.dev/v1alpha1',
        kind: 'Registry',
        metadata: { name: 'main', namespace: 'ci' },
      },
      spec: { url: site.proxy.url, anchorInUse },
    }
    await anchors.keep(registry, { mode }, found, new AbortController().signal)
  }

  test('gets a tag in each repository, also where one of them refuses', async () => {
    const found = untagged('refuses', 'one', 'two')
    writing.rule({ kind: 'status', status: 403 }, { method: 'PUT', path: /\/refuses\// })
    await keep(found)
    for (const { repository, digest } of found.slice(1))
      expect(await site.tags(repository)).toEqual({ [anchorTag(digest)]: digest })
  })

  test('S19: is looked for by the account that may pull, and written by the one that may push', async () => {
    const before = writing.count
    await keep(untagged('accounts'))
    expect(writing.requests.slice(before).map(({ method }) => method)).toEqual(['PUT'])
    const asked = site.proxy.requests.filter(({ path }) => path.includes('/accounts/'))
    expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['GET', 'HEAD']))
  })

  test('gets none where the Registry does not say so, or the policy only makes plans', async () => {
    const count = () => site.proxy.count + writing.count
    const before = count()
    await keep(untagged('off'), 'Approve', 'None')
    await keep(untagged('dry'), 'DryRun')
    expect(count()).toBe(before)
  })

  test('gets none from a process that does not lead', async () => {
    isLeading = false
    await expect(keep(untagged('fenced'))).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
  })
})
