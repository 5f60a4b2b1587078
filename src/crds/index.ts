import { ImageInventory } from '#crds/image-inventory.ts'
import type { KindDefinition } from '#crds/kind.ts'
import { Registry } from '#crds/registry.ts'
import { RegistryCheck } from '#crds/registry-check.ts'
import { RegistryPolicy } from '#crds/registry-policy.ts'

/** Every kind, in the order in which the documentation presents them. */
export const KINDS: readonly KindDefinition[] = [Registry, ImageInventory, RegistryPolicy, RegistryCheck]
