import { expect, test } from 'vitest'
import { CheckProgress } from '#commands/check-progress.ts'

test('counts the images that are done, of all', () => {
  const progress = new CheckProgress('shop.example', true)
  progress.requests = 1
  expect(progress.line).toBe('shop.example: 1 request answered so far')
  progress.found(3)
  progress.looked()
  progress.requests = 9
  expect(progress.line).toBe('shop.example: 1 of 3 images, 9 requests answered so far')
})

test('says that there may be more where repositories are still looked through', () => {
  const progress = new CheckProgress('shop.example', false)
  progress.found(1)
  expect(progress.line).toBe('shop.example: 0 of 1 image found, 0 requests answered so far')
})
