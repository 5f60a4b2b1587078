import { hasCode } from '#catalogue/error.ts'

/** undefined: a spec that `read` asks for cannot be carried out, which its own controller says. @throws what else `read` throws */
export function unlessInvalid<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (hasCode(error, 'SPEC_INVALID')) return undefined
    throw error
  }
}
