type Json = Readonly<Record<string, unknown>>

/**
 * The JSON merge patch (RFC 7386) that makes `to` of `from`: changed fields, null for those that are gone; arrays are
 * replaced whole. Undefined where nothing differs. A field with the value undefined counts as absent.
 */
export function mergePatch(from: object, to: object): Record<string, unknown> | undefined {
  const old: Json = { ...from }
  const wanted: Json = { ...to }
  const patch: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    const before = old[key]
    const after = wanted[key]
    if (after === undefined) {
      if (before !== undefined) patch[key] = null
    } else if (isRecord(before) && isRecord(after)) {
      const inner = mergePatch(before, after)
      if (inner !== undefined) patch[key] = inner
    } else if (!sameJson(before, after)) {
      patch[key] = after
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

/** Equality of JSON values; the order of keys does not matter. */
function sameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index]))
  }
  if (isRecord(a) && isRecord(b)) return mergePatch(a, b) === undefined
  return a === b
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
