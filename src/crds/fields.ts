import { z } from 'zod'
import { parseDuration } from '#time/duration.ts'

/** One CEL rule of the CRD. `message` is what the user reads at `kubectl apply`: it names the remedy. */
export interface CelRule {
  readonly rule: string
  readonly message: string
}

/** Puts CEL rules on a schema node. Rules do not run in zod: what code relies on is checked again where it is used. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: CelRule[]): S {
  return schema.meta({ ...schema.meta(), 'x-kubernetes-validations': rules })
}

/** Six digits of weeks are 19,000 years: as many as fit into a field can be counted exactly in milliseconds. */
const DURATION_RULE = "self.matches('^([0-9]{1,6}(ms|s|m|h|d|w))+$')"
const IS_ZERO = "self.matches('^(0+(ms|s|m|h|d|w))+$')"
/** No part but milliseconds, and of those none of a second. What is zero or no duration has a rule of its own. */
const BELOW_ONE_SECOND = "self.matches('^(0+(s|m|h|d|w)|0*[0-9]{1,3}ms)+$')"

/** A duration above zero. Only zod checks it where an object was stored before the CRD had these rules. */
export function duration(description: string, example: string) {
  return durationField(description, example, [])
}

/** A duration of at least 1s: how often something is done. */
export function interval(description: string, example: string) {
  return durationField(description, example, [
    {
      rule: `!${BELOW_ONE_SECOND} || ${IS_ZERO}`,
      message: `must be a duration of at least 1s, such as ${example}`,
    },
  ])
}

function durationField(description: string, example: string, more: readonly CelRule[]) {
  const message = `must be a duration such as ${example}: whole numbers of up to six digits, each with one of the units ms, s, m, h, d, w`
  const text = z
    .string()
    .max(32)
    .refine((value) => (parseDuration(value) ?? 0) > 0, {
      error: ({ input }) => `${JSON.stringify(input)} ${message}`,
    })
    .describe(`${description} A duration with units ms, s, m, h, d, w.`)
  return withRules(
    text,
    { rule: DURATION_RULE, message },
    { rule: `!${IS_ZERO}`, message: `must be longer than 0, such as ${example}` },
    ...more,
  )
}

/** A moment, as RFC 3339 writes it. */
export function time(description: string) {
  return z.string().meta({ format: 'date-time' }).describe(description)
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
      name: withRules(z.string().min(1).max(253).describe('Name of the object.'), {
        rule: "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
        message: 'must be the name of an object in the same namespace: lower case letters, digits, - and .',
      }),
    })
    .describe(description)
}

export const timeZone = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe('IANA name of the time zone of schedule. Absent: UTC.')

export const suspend = z
  .boolean()
  .default(false)
  .describe('true stops new work; what runs ends, conditions stay as they are.')

/** Patterns over names: `*` is any run of characters without `/`, `**` any run with them, `?` one character. */
export function globs(description: string, max: number) {
  return z.array(z.string().min(1).max(256)).min(1).max(max).describe(description)
}
