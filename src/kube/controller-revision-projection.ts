import { isRecord, recordOf } from './json.ts'
import { joinKeeps } from './keep.ts'
import { type MetaProjection, projectMeta } from './meta-projection.ts'
import { type PodTemplate, projectPodTemplate } from './pod-template.ts'

/** What of a ControllerRevision this product keeps: the pod template that a rollback of its owner would bring back. */
export interface ControllerRevisionProjection extends MetaProjection, PodTemplate {
  /** Its data is no JSON object, so it is not known which images it names. */
  readonly unreadable: boolean
  /** The annotation KEEP_ANNOTATION of the object and of the pod template; see joinKeeps. */
  readonly keep: string
}

/** The projection of a ControllerRevision in JSON; never throws. */
export function projectControllerRevision(raw: unknown): ControllerRevisionProjection {
  const { metadata, data } = recordOf(raw)
  return controllerRevisionOf(projectMeta(metadata), data)
}

/**
 * StatefulSet and DaemonSet write `{"spec":{"template":…}}` as data. Other controllers may write anything: what is not
 * of this shape names no image.
 */
export function controllerRevisionOf(meta: MetaProjection, data: unknown): ControllerRevisionProjection {
  const template = projectPodTemplate(recordOf(recordOf(data).spec).template)
  return { ...meta, ...template, keep: joinKeeps(meta.keep, template.keep), unreadable: !isRecord(data) }
}
