import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { lookAfter } from './look-after.ts'

const stopped = new TallymanError('REGISTRY_THROTTLED', 'later', {
  retryAfterMs: 7,
  details: { status: 429 },
})
const failed = new TallymanError('REGISTRY_TIMEOUT', 'no answer')
const tookTag = new TallymanError('DELETE_TOOK_TAG', 'v1 went along', { cause: failed })

test.each([
  ['a look that fails does not hide what stopped the work', stopped, failed, stopped],
  ['a tag that went along is told, whatever stopped the work', stopped, tookTag, tookTag],
])('%s, and neither error is lost', async (_, error, found, { code, message, details, retryAfterMs }) => {
  const looking = lookAfter(error, async () => {
    throw found
  })
  await expect(looking).rejects.toMatchObject({
    ...{ code, message, details, retryAfterMs },
    cause: { errors: [error, found] },
  })
})

test('a look that meets nothing leaves it to the caller to throw', async () => {
  await expect(lookAfter(stopped, async () => undefined)).resolves.toBeUndefined()
})
