import { hasCode } from '#catalogue/error.ts'
import type { ClusterPolicies } from '#commands/cluster-policies.ts'
import { firstProblem } from '#commands/first-problem.ts'
import { type LastPlan, lastPlan } from '#commands/last-plan.ts'
import { DEFAULT_WORKSPACE } from '#commands/workspace-option.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryPolicySpec, RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { trashBelow } from '#evict/trash-place.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import { type Located, locate, type RegistryNames } from '#inventory/locate.ts'
import type { ImageReference } from '#inventory/reference.ts'
import { registryNames, registryUrl } from '#inventory/registry-names.ts'
import { type CompiledRule, compileRules } from '#retention/compiled-rule.ts'
import { getCondition } from '#runtime/conditions.ts'
import type { CustomObject } from '#runtime/custom-object.ts'
import { keyOf } from '#runtime/object-key.ts'

/** A RegistryPolicy whose Registry holds an image. */
export interface PolicyAbout {
  /** The context. */
  readonly cluster: string
  /** `namespace/name`. */
  readonly name: string
  readonly mode: RegistryPolicySpec['mode']
  readonly isSuspended: boolean
  readonly rules: readonly CompiledRule[]
  readonly registry: RegistryAbout
  /** Why its operator does nothing by this spec, as its status says; undefined: it says nothing of that. */
  readonly refusal: string | undefined
  /** Ids of the runs that its status names. */
  readonly runs: readonly string[]
  /** undefined: none was made. */
  readonly plan: LastPlan | undefined
}

/** The Registry. */
export interface RegistryAbout {
  readonly uid: string | undefined
  /** `namespace/name`. */
  readonly name: string
  readonly url: URL
  readonly names: RegistryNames
  /** What repositories of Tallyman begin with there. */
  readonly workspaces: readonly string[]
  /** Where journals lie; without a workspace, those of `tallyman rm`. */
  readonly workspace: {
    readonly prefix: string
    /** The other Registry that holds it, `namespace/name`. */
    readonly elsewhere: string | undefined
  }
  /** The image, as the registry itself names it. */
  readonly image: Located
}

/**
 * The policies of a cluster that decide about an image, by namespace and name.
 * @returns also what is wrong with those of them that cannot be applied
 */
export function policiesAbout(
  reference: ImageReference,
  cluster: string,
  { policies, registries }: ClusterPolicies,
): { readonly about: readonly PolicyAbout[]; readonly problems: readonly string[] } {
  const holding = new Map<string, RegistryAbout>()
  for (const object of registries) {
    const registry = registryAbout(reference, object)
    if (registry !== undefined) holding.set(registry.name, registry)
  }
  const about: PolicyAbout[] = []
  const problems: string[] = []
  for (const object of policies) {
    if (object.metadata.deletionTimestamp !== undefined) continue
    const name = keyOf(object)
    const wrong = (why: string) =>
      problems.push(`RegistryPolicy ${name} of ${cluster} cannot be applied: ${why}`)
    const parsed = RegistryPolicySpec.safeParse(object.spec)
    if (!parsed.success) {
      wrong(`spec.${firstProblem(parsed.error, RegistryPolicySpec, object.spec)}`)
      continue
    }
    const { mode, suspend, rules, registryRef } = parsed.data
    const registry = holding.get(`${object.metadata.namespace ?? ''}/${registryRef.name}`)
    if (registry === undefined) continue
    try {
      const compiled = compileRules(rules, 'spec.rules')
      const state = { mode, isSuspended: suspend, ...stateOf(object) }
      about.push({
        ...{ cluster, name, registry, ...state, rules: compiled },
        plan: lastPlan(object, parsed.data),
      })
    } catch (error) {
      if (!hasCode(error, 'SPEC_INVALID')) throw error
      wrong(error.message)
    }
  }
  return { about: about.sort((a, b) => (a.name < b.name ? -1 : 1)), problems }
}

const Status = RegistryPolicyStatus.pick({ conditions: true, run: true, history: true })

/** A status of another version says nothing. */
function stateOf({ metadata, status }: CustomObject): Pick<PolicyAbout, 'refusal' | 'runs'> {
  const { conditions = [], run, history = [] } = Status.safeParse(status).data ?? {}
  const ready = getCondition(conditions, 'Ready')
  const isOfThisSpec = ready?.observedGeneration === metadata.generation
  const runs = [...(run === undefined ? [] : [run]), ...history].map(({ id }) => id)
  return { refusal: ready?.status === 'False' && isOfThisSpec ? ready.message : undefined, runs }
}

/** undefined: it is about another registry, or says of itself that it cannot be worked on. */
function registryAbout(reference: ImageReference, object: CustomObject): RegistryAbout | undefined {
  const parsed = RegistrySpec.safeParse(object.spec)
  if (!parsed.success) return undefined
  const spec = parsed.data
  const { namespace = '', uid } = object.metadata
  try {
    const names = registryNames(spec, namespace)
    const image = locate(reference, names)
    if (image === undefined) return undefined
    const workspaces = [CLAIMS_REPOSITORY, ...workspacesOf(spec)]
    const { prefix = DEFAULT_WORKSPACE, registryRef } = spec.workspace ?? {}
    const workspace = {
      prefix,
      elsewhere: registryRef === undefined ? undefined : `${namespace}/${registryRef.name}`,
    }
    const name = keyOf(object)
    return { ...{ name, uid, names, workspaces, workspace, image }, url: registryUrl(spec, namespace) }
  } catch (error) {
    if (hasCode(error, 'SPEC_INVALID')) return undefined
    throw error
  }
}

/** Of its own: the trash lies in it, wherever the rest is (S19). */
function workspacesOf({ workspace }: RegistrySpec): string[] {
  if (workspace === undefined) return []
  const { prefix, registryRef } = workspace
  return [registryRef === undefined ? prefix : trashBelow(prefix).prefix]
}
