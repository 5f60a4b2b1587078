import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { duration, withRules } from '#crds/fields.ts'
import { ImageInventorySpec } from '#crds/image-inventory.ts'
import { structural } from '#crds/manifest.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryCheckSpec } from '#crds/registry-check.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'

const CHECK = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }

describe('defaults of a spec', () => {
  test('of a RegistryCheck, where an interval would forbid a schedule', () => {
    expect(RegistryCheckSpec.parse(CHECK)).toEqual({
      ...CHECK,
      scope: 'InUse',
      evidenceMaxAge: '6h',
      platforms: 'All',
      credentials: 'Registry',
      referrers: false,
      referrerSeverity: 'Info',
      imageMetrics: false,
      depth: 'Blobs',
      timeout: '1h',
      suspend: false,
    })
  })

  test('of a Registry', () => {
    expect(RegistrySpec.parse({ url: 'https://registry.example' })).toEqual({
      url: 'https://registry.example',
      limits: { concurrency: 8 },
      anchorInUse: 'None',
      pullThrough: false,
      interval: '5m',
      timeout: '30s',
      suspend: false,
    })
    expect(RegistrySpec.parse({ serviceRef: { name: 'r', port: 5000 } }).serviceRef?.scheme).toBe('https')
    expect(RegistrySpec.parse({ url: 'https://r', caRef: { name: 'ca' } }).caRef).toEqual({
      kind: 'Secret',
      name: 'ca',
      key: 'ca.crt',
    })
    expect(RegistrySpec.parse({ url: 'https://r', limits: {} }).limits).toEqual({ concurrency: 8 })
    expect(RegistrySpec.parse({ url: 'https://r', deletion: {} }).deletion).toEqual({
      placeholder: 'Auto',
      requestLimit: '60s',
    })
  })

  test('of a RegistryPolicy, which deletes nothing by default', () => {
    const said = { ...CHECK, rules: [{ name: 'all', repositories: ['**'], keep: { newest: 3 } }] }
    expect(RegistryPolicySpec.parse(said)).toEqual({
      ...said,
      mode: 'DryRun',
      approvalValidFor: '72h',
      soak: '24h',
      onEvict: 'Trash',
      trash: { retainFor: '31d', gcWindow: '24h' },
      evictDamaged: false,
      limits: { maxEvictions: 5000, maxEvictionPercent: 50, minImagesInUse: 10 },
      maxDuration: '6h',
      suspend: false,
    })
    const { limits, trash } = RegistryPolicySpec.parse({
      ...said,
      limits: { minImagesInUse: 1 },
      trash: { gcWindow: '2h' },
    })
    expect(limits).toEqual({ maxEvictions: 5000, maxEvictionPercent: 50, minImagesInUse: 1 })
    expect(trash).toEqual({ retainFor: '31d', gcWindow: '2h' })
  })

  test('of an ImageInventory', () => {
    const source = { enabled: true, ifUnavailable: 'Block' }
    expect(ImageInventorySpec.parse({})).toEqual({
      clusters: [{ name: 'local', required: true, floor: 10, maxShrinkPercent: 50 }],
      retain: '31d',
      sources: { workloads: source, rolloutHistory: source, nodes: source },
      pins: { withoutDefaults: false },
      suspend: false,
    })
  })
})

describe('a duration field', () => {
  const field = duration('How long.', '15m')

  test.each(['15m', '1h30m', '250ms'])('takes %s', (text) => {
    expect(field.parse(text)).toBe(text)
  })

  test.each(['', '0s', '15', '-1m', '99999999999999999999999999w'])(
    'refuses %j and says what is right',
    (text) => {
      const { error } = field.safeParse(text)
      expect(error?.issues[0]?.message).toBe(
        `${JSON.stringify(text)} must be a duration such as 15m: whole numbers of up to six digits, each with one of the units ms, s, m, h, d, w`,
      )
    },
  )
})

describe('rules', () => {
  test('are added to what the schema says already', () => {
    const rule = { rule: 'self != "x"', message: 'must not be x' }
    expect(structural(withRules(z.string().max(5).describe('A text.'), rule))).toEqual({
      type: 'string',
      maxLength: 5,
      description: 'A text.',
      'x-kubernetes-validations': [rule],
    })
  })
})
