import { DELETING_ERRORS } from '#catalogue/errors/deleting.ts'
import { KUBERNETES_ERRORS } from '#catalogue/errors/kubernetes.ts'
import { OWN_ERRORS } from '#catalogue/errors/own.ts'
import { REGISTRY_ERRORS } from '#catalogue/errors/registry.ts'
import { WORKSPACE_ERRORS } from '#catalogue/errors/workspace.ts'

/** Every error code of the product. A code is API: it is never renamed and never given another meaning. */
export const ERROR_CODES = {
  ...REGISTRY_ERRORS,
  ...DELETING_ERRORS,
  ...WORKSPACE_ERRORS,
  ...KUBERNETES_ERRORS,
  ...OWN_ERRORS,
}

export type ErrorCode = keyof typeof ERROR_CODES
