import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import type { Product } from '#registry/client.ts'
import { type Judgement, narrow } from '#retention/judge.ts'
import { unreferencedBytes } from '#retention/unreferenced-bytes.ts'

/** Manifests that are gone, by repository. */
export type SweptDigests = ReadonlyMap<string, ReadonlySet<string>>

/**
 * What the registry still has to free after a run (S20): a manifest that is gone leaves its blobs where they are. Of manifests whose tags went in an earlier call nothing is
 * known any more; they are not counted.
 * @param judgement by which it went
 */
export function garbageAfter(
  before: RegistryPolicyStatus['garbage'],
  judgement: Judgement,
  swept: SweptDigests,
  product: Product,
): RegistryPolicyStatus['garbage'] {
  if (swept.size === 0) return before
  const went = narrow(
    judgement,
    (repository, { digest }) => digest !== undefined && swept.get(repository)?.has(digest) === true,
    'NotApproved',
  )
  return { sweptBytes: (before?.sweptBytes ?? 0) + unreferencedBytes(went), message: NEEDED[product] }
}

const NEEDED: Readonly<Record<Product, string>> = {
  'distribution-2':
    'Run `registry garbage-collect CONFIG` while nothing is pushed or deleted; never with -m where images for several platforms lie (docs/deleting.md)',
  'distribution-3':
    'Run `registry garbage-collect -m CONFIG` while nothing is pushed or deleted (docs/deleting.md)',
  unknown: 'Run the garbage collection of the registry while nothing is pushed or deleted (docs/deleting.md)',
}
