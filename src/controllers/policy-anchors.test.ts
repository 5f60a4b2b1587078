import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { PolicyAnchors } from '#controllers/policy-anchors.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { anchorTag } from '#retention/anchor-tag.ts'
import { reason } from '#retention/reasons.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { silentLog } from '#test/harness/reflected.ts'

describe('S14: what a plan found in use without a tag', () => {
  let site: EvictionSite
  let isLeading = true

  beforeAll(async () => {
    site = await startEvictionSite('3')
  })
  afterEach(() => {
    isLeading = true
    site.proxy.clear()
  })
  afterAll(() => site.stop())

  const opened = () =>
    ({ client: site.client, url: '', product: 'unknown', authenticated: false, skewMs: 0 }) as const
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
      access: { open: async () => opened() },
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
    site.proxy.rule({ kind: 'status', status: 403 }, { method: 'PUT', path: /\/refuses\// })
    await keep(found)
    for (const { repository, digest } of found.slice(1))
      expect(await site.tags(repository)).toEqual({ [anchorTag(digest)]: digest })
  })

  test('gets none where the Registry does not say so, or the policy only makes plans', async () => {
    const before = site.proxy.count
    await keep(untagged('off'), 'Approve', 'None')
    await keep(untagged('dry'), 'DryRun')
    expect(site.proxy.count).toBe(before)
  })

  test('gets none from a process that does not lead', async () => {
    isLeading = false
    await expect(keep(untagged('fenced'))).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
  })
})
