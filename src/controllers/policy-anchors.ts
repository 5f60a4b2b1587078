import type { RegistryAccess } from '#controllers/registry-access.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { anchor } from '#evict/anchor.ts'
import type { Log } from '#kube/log.ts'
import type { UntaggedInUse } from '#retention/untagged-in-use.ts'
import type { Fence } from '#runtime/fence.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'

export interface PolicyAnchorsParts {
  readonly access: Pick<RegistryAccess, 'open'>
  readonly fence: Fence
  readonly log: Log
}

/** Holds what a plan found in use without a tag (S14), where the Registry says so and the policy may write. */
export class PolicyAnchors {
  readonly #parts: PolicyAnchorsParts

  constructor(parts: PolicyAnchorsParts) {
    this.#parts = parts
  }

  /**
   * What keeps it from anchoring in one repository is logged and keeps it from none of the others: the next plan finds the digest again.
   * @throws SPEC_INVALID, SECRET_*, REGISTRY_* where the registry cannot be opened; LEADERSHIP_LOST, CANCELLED
   */
  async keep(
    registry: RegistryObject,
    { mode }: Pick<RegistryPolicySpec, 'mode'>,
    found: readonly UntaggedInUse[],
    signal: AbortSignal,
  ): Promise<void> {
    const { anchorInUse } = specOf(RegistrySpec, registry)
    if (anchorInUse !== 'Tag' || mode === 'DryRun' || found.length === 0) return
    const { access, fence } = this.#parts
    const { client: pull } = await access.open(registry, signal)
    const { client: push } = await access.open(registry, signal, 'push')
    for (const [repository, all] of Map.groupBy(found, (each) => each.repository)) {
      const reach = { repository, pull, push, signal, fence: () => fence.assertLeader() }
      const digests = [...new Set(all.map(({ digest }) => digest))]
      await this.#anchor(reach, digests)
    }
  }

  async #anchor(reach: Parameters<typeof anchor>[0], digests: readonly string[]): Promise<void> {
    const { log } = this.#parts
    const { repository, signal } = reach
    try {
      for (const [digest, outcome] of await anchor(reach, digests)) {
        if (outcome === 'anchored') continue
        log.warn({ repository, digest, outcome }, 'a digest in use without a tag is not anchored')
      }
    } catch (thrown) {
      const { code, advice } = toleratedProblem(thrown, signal)
      log.warn({ repository, code, reason: advice }, 'digests in use without a tag are not anchored')
    }
  }
}
