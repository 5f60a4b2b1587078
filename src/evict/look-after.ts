import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'

/** What stopped it does not keep the last DELETE from being looked after. @throws what that brings to light */
export async function lookAfter(error: unknown, look: () => Promise<void>): Promise<void> {
  try {
    await look()
  } catch (found) {
    if (hasCode(found, 'DELETE_TOOK_TAG', 'DELETE_UNSETTLED')) throw found
    const { code, message, details } = asTallymanError(error)
    throw new TallymanError(code, message, { details, cause: found })
  }
}
