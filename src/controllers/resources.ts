import type { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import { ImageInventory, type ImageInventoryStatus } from '#crds/image-inventory.ts'
import { Registry, type RegistryStatus } from '#crds/registry.ts'
import { RegistryCheck, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { RegistryPolicy, type RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { customResource } from '#kube/custom-resource.ts'
import type { CustomObject } from '#runtime/custom-object.ts'

export type RegistryObject = CustomObject<RegistryStatus>
export type ImageInventoryObject = CustomObject<ImageInventoryStatus>
export type RegistryCheckObject = CustomObject<RegistryCheckStatus>
export type RegistryPolicyObject = CustomObject<RegistryPolicyStatus>

export const REGISTRIES = customResource(Registry)
export const IMAGE_INVENTORIES = customResource(ImageInventory)
export const REGISTRY_CHECKS = customResource(RegistryCheck)
export const REGISTRY_POLICIES = customResource(RegistryPolicy)

/**
 * The spec with its defaults. The API server has checked it against the CRD; an object that was stored under an older
 * CRD, or a rule that CEL cannot express, still ends here.
 * @throws TallymanError SPEC_INVALID naming the first field that does not fit
 */
export function specOf<S extends z.ZodType>(schema: S, object: CustomObject): z.output<S> {
  const parsed = schema.safeParse(object.spec)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = ['spec', ...(issue?.path ?? [])].map(String).join('.')
  throw new TallymanError('SPEC_INVALID', `${field}: ${issue?.message ?? 'does not fit the schema'}`)
}

/** What a spec says in a field of it, whatever is wrong with the rest; undefined: nothing. */
export function writtenIn({ spec }: { readonly spec?: unknown }, ...path: readonly string[]): unknown {
  let value = spec
  for (const field of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
  }
  return value
}
