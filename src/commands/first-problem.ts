import { z } from 'zod'

/** Of a value that does not fit. */
const SHOWN = 60

/**
 * What is wrong with the first field of a value that does not fit its schema, and which fields there are where it has one too many:
 * `rules[0].keep: "newst" is no field of it; there are newest, beforeInUse`.
 * @param value what was parsed
 */
export function firstProblem(error: z.ZodError, schema: z.ZodType, value: unknown): string {
  const [issue] = error.issues
  if (issue === undefined) return 'it: invalid'
  const field = z.core.toDotPath(issue.path)
  return `${field === '' ? 'it' : field}: ${problemOf(issue, schema, valueAt(value, issue.path))}`
}

function problemOf(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, issue.path)
    const names = issue.keys.map((key) => JSON.stringify(key)).join(', ')
    const one = issue.keys.length === 1 ? 'is no field' : 'are no fields'
    return `${names} ${one} of it${known.length === 0 ? '' : `; there are ${known.join(', ')}`}`
  }
  if (issue.code === 'invalid_type') {
    const needed = `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
    return value === undefined
      ? `is missing: ${needed} is needed`
      : `must be ${needed}, and is ${shown(value)}`
  }
  const isPlain = typeof value !== 'object' && value !== undefined
  return isPlain ? `${issue.message}, and it is ${shown(value)}` : issue.message
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => {
    if (Array.isArray(at)) return typeof key === 'number' ? at[key] : undefined
    return isRecord(at) ? at[String(key)] : undefined
  }, value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** Of the object that a schema has at a place; none where that is not told by its structure. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const found = path.reduce<unknown>((at, key) => {
    const inner = unwrapped(at)
    if (inner instanceof z.ZodArray) return inner.element
    return inner instanceof z.ZodObject ? inner.shape[String(key)] : undefined
  }, schema)
  const inner = unwrapped(found)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

/** Without what surrounds a schema and does not change where its fields are. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrapped(schema.unwrap())
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in)
  return schema
}
