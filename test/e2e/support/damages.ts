import type { DamageKind } from '#test/harness/damage.ts'
import type { RegistryVersion } from '#test/harness/registry.ts'

/** What is done to an image, and what a check has to call it. */
export interface Damage {
  readonly kind: DamageKind
  readonly code: string
  readonly platform?: string
  /** The image is an index. */
  readonly index?: boolean
}

const DAMAGES: readonly Damage[] = [
  { kind: 'tag-gone', code: 'TagMissing' },
  { kind: 'manifest-missing', code: 'ManifestMissing' },
  { kind: 'layer-missing', code: 'LayerMissing' },
  { kind: 'layer-half', code: 'LayerDamaged' },
  { kind: 'config-missing', code: 'ConfigMissing' },
  { kind: 'child-missing', code: 'PlatformMissing', platform: 'linux/amd64', index: true },
]

/**
 * With its descriptor cache a registry promises content whose file is gone, and then sends nothing: who asks sees damage
 * and cannot know more.
 */
const DAMAGES_BEHIND_CACHE: readonly Damage[] = DAMAGES.map((damage) => {
  if (damage.kind === 'layer-missing') return { ...damage, code: 'LayerDamaged' }
  return damage.kind === 'config-missing' ? { ...damage, code: 'ConfigDamaged' } : damage
})

interface RegistryUnderTest {
  readonly version: RegistryVersion
  readonly cache: boolean
  readonly damages: readonly Damage[]
}

export const REGISTRIES_UNDER_TEST: readonly RegistryUnderTest[] = [
  { version: '2.8', cache: true, damages: DAMAGES_BEHIND_CACHE },
  { version: '3', cache: false, damages: DAMAGES },
]

/** How often each code is expected, in the order of the status. */
export function countCodes(damages: readonly Damage[]): { code: string; severity: string; count: number }[] {
  const codes = [...new Set(damages.map(({ code }) => code))].sort()
  return codes.map((code) => ({
    code,
    severity: 'Critical',
    count: damages.filter((damage) => damage.code === code).length,
  }))
}
