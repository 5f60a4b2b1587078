import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy-spec.ts'
import type { Product } from '#registry/client.ts'
import { type Judgement, narrowInSteps } from '#retention/judge.ts'
import { unreferencedInSteps } from '#retention/unreferenced-bytes.ts'
import { Pace } from '#time/pace.ts'

/** Manifests that are gone, by repository. */
export type SweptDigests = ReadonlyMap<string, ReadonlySet<string>>

/**
 * What a run has left for the registry to free, in bytes (S20), in steps: a manifest that is gone leaves its blobs where they are. Of manifests whose tags went in an earlier
 * call nothing is known any more; they are not counted.
 * @param judgement by which it went
 */
export function* sweptBytes(judgement: Judgement, swept: SweptDigests): Generator<undefined, number> {
  const went = yield* narrowInSteps(
    judgement,
    (repository, { digest }) => digest !== undefined && swept.get(repository)?.has(digest) === true,
    'NotApproved',
  )
  return yield* unreferencedInSteps(went, new Pace())
}

/** What is said of it after a run that swept something. @param bytes of that run */
export function garbageAfter(
  before: RegistryPolicyStatus['garbage'],
  bytes: number,
  product: Product,
  { onEvict, trash }: Pick<RegistryPolicySpec, 'onEvict' | 'trash'>,
): NonNullable<RegistryPolicyStatus['garbage']> {
  const held =
    onEvict === 'Trash'
      ? `The copies in the trash hold these bytes until they go, ${trash.retainFor} after their run (spec.trash.retainFor): before, nothing of them is freed. `
      : ''
  return { sweptBytes: (before?.sweptBytes ?? 0) + bytes, message: `${held}${NEEDED[product]}` }
}

const NEEDED: Readonly<Record<Product, string>> = {
  'distribution-2':
    'Run `registry garbage-collect CONFIG` while nothing is pushed or deleted; never with -m where images for several platforms lie (docs/deleting.md)',
  'distribution-3':
    'Run `registry garbage-collect -m CONFIG` while nothing is pushed or deleted; without -m where something is pulled by a digest that no tag names (docs/deleting.md)',
  unknown: 'Run the garbage collection of the registry while nothing is pushed or deleted (docs/deleting.md)',
}
