import { z } from 'zod'

/** What is wrong with the first field that does not fit its schema: `spec.rules[0].keep: …`. */
export function firstProblem(error: z.ZodError): string {
  const [issue] = error.issues
  const field = z.core.toDotPath(issue?.path ?? [])
  return `${field === '' ? 'it' : field}: ${issue?.message ?? 'invalid'}`
}
