import { recordOf } from './json.ts'
import { projectMeta } from './meta-projection.ts'
import { type ContainerSpec, NO_POD_SPEC, type PodSpec, projectPodSpec } from './pod-spec.ts'

/** What of a PodTemplateSpec this product keeps. */
export interface PodTemplate {
  /** The annotation KEEP_ANNOTATION of the template; empty where it has none. */
  readonly keep: string
  readonly hasPullSecrets: boolean
  /** Init containers first, then containers, then ephemeral ones. */
  readonly containers: readonly ContainerSpec[]
  /** References of image volumes. */
  readonly volumeImages: readonly string[]
}

/** Of an object that has no template. */
export const NO_POD_TEMPLATE = podTemplate('', NO_POD_SPEC)

/** A PodTemplateSpec in JSON; never throws. */
export function projectPodTemplate(raw: unknown): PodTemplate {
  const { metadata, spec } = recordOf(raw)
  return podTemplate(projectMeta(metadata).keep, projectPodSpec(spec))
}

export function podTemplate(keep: string, spec: PodSpec): PodTemplate {
  return {
    keep,
    hasPullSecrets: spec.hasPullSecrets,
    containers: [...spec.init, ...spec.containers, ...spec.ephemeral],
    volumeImages: spec.volumeImages,
  }
}
