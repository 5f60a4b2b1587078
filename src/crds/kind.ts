import type { z } from 'zod'
import type { CelRule } from '#crds/fields.ts'

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date' | 'boolean'
  readonly jsonPath: string
  readonly description: string
  /** 1: only with `-o wide`. */
  readonly priority?: 1
}

/** All that there is to know about one of our kinds; types, CRD, RBAC and documentation are made from it. */
export interface KindDefinition<Spec extends z.ZodType = z.ZodType, Status extends z.ZodType = z.ZodType> {
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly description: string
  readonly spec: Spec
  readonly status: Status
  readonly columns: readonly PrinterColumn[]
  /** Rules over the whole object; those over one field stand on the field. */
  readonly rules?: readonly CelRule[]
}

export function defineKind<Spec extends z.ZodType, Status extends z.ZodType>(
  definition: KindDefinition<Spec, Status>,
): KindDefinition<Spec, Status> {
  return definition
}

export function conditionColumn(
  name: string,
  type: string,
  description: string,
  priority?: 1,
): PrinterColumn {
  const column = {
    name,
    type: 'string',
    jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
    description,
  } as const
  return priority === undefined ? column : { ...column, priority }
}

export const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
}
