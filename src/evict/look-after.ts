import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'

/**
 * Looks after what work has left behind that an error has stopped: its last DELETE, a placeholder that stands.
 * @throws what that brings to light (DELETE_TOOK_TAG, DELETE_UNSETTLED); where it fails otherwise, what stopped the work. Its cause has both errors as they were.
 */
export async function lookAfter(error: unknown, look: () => Promise<void>): Promise<void> {
  try {
    await look()
  } catch (found) {
    const isTelling = hasCode(found, 'DELETE_TOOK_TAG', 'DELETE_UNSETTLED')
    const { code, message, details, retryAfterMs } = asTallymanError(isTelling ? found : error)
    const cause = new AggregateError([error, found], 'What stopped the work, and what looking after it met')
    throw new TallymanError(code, message, {
      ...{ details, cause },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
}
