import { NO_POD_SPEC } from '../pod-spec.ts'
import { type PodTemplate, podTemplate } from '../pod-template.ts'
import { readMeta } from './meta.ts'
import { readPodSpec } from './pod-spec.ts'
import type { ProtoReader } from './reader.ts'

/** A PodTemplateSpec (metadata = 1, spec = 2): the same as projectPodTemplate gives for it in JSON. */
export function readPodTemplate(reader: ProtoReader): PodTemplate {
  let keep = ''
  let spec = NO_POD_SPEC
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        keep = readMeta(reader).keep
        break
      case 2:
        spec = readPodSpec(reader)
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return podTemplate(keep, spec)
}
