import { z } from 'zod'
import { DURATION_PATTERN, parseDuration } from '#time/duration.ts'

/** One CEL rule of the CRD. `message` is what the user reads at `kubectl apply`: it names the remedy. */
export interface CelRule {
  readonly rule: string
  readonly message: string
}

/** Puts CEL rules on a schema node. Rules do not run in zod: what code relies on is checked again where it is used. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: CelRule[]): S {
  return schema.meta({ ...schema.meta(), 'x-kubernetes-validations': rules })
}

/** A duration above zero. That it is, and that it can be counted, no CEL rule says: only zod checks it. */
export function duration(description: string, example: string) {
  const message = `must be a duration such as ${example}: whole numbers, each with one of the units ms, s, m, h, d, w`
  const text = z
    .string()
    .max(32)
    .refine((value) => (parseDuration(value) ?? 0) > 0, {
      error: ({ input }) => `${JSON.stringify(input)} ${message}`,
    })
    .describe(`${description} A duration with units ms, s, m, h, d, w.`)
  return withRules(text, { rule: `self.matches('${DURATION_PATTERN}')`, message })
}

export function httpUrl(description: string, example: string) {
  return withRules(
    z.string().min(1).max(1024).describe(description),
    {
      rule: "isURL(self) && (self.startsWith('https://') || self.startsWith('http://')) && url(self).getHostname() != ''",
      message: `must be a URL with scheme and host, such as ${example}`,
    },
    {
      rule: "!self.contains('@') && !self.contains('?') && !self.contains('#')",
      message: 'must hold no user, password, query or fragment: credentials belong into a Secret',
    },
  )
}

/** A name of an object in the same namespace. References never cross namespaces. */
export function localRef(description: string) {
  return z
    .object({
      name: withRules(z.string().min(1).max(253), {
        rule: "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
        message: 'must be the name of an object in the same namespace: lower case letters, digits, - and .',
      }),
    })
    .describe(description)
}

export const suspend = z
  .boolean()
  .default(false)
  .describe('true stops new work; what runs ends, conditions stay as they are.')

/** Patterns over names: `*` is any run of characters without `/`, `**` any run with them, `?` one character. */
export function globs(description: string, max: number) {
  return z.array(z.string().min(1).max(256)).min(1).max(max).describe(description)
}
