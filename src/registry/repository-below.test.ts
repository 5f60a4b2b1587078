import { expect, test } from 'vitest'
import { repositoryBelow } from './repository-below.ts'

// What lies in workspaces by these names is looked for by later versions.
test('a name stands as it is up to 200 characters with its place, and then its hash does', () => {
  const name = 'n'.repeat(192)
  expect(repositoryBelow('tallyma', name)).toBe(`tallyma/${name}`)
  expect(repositoryBelow('tallyman', name)).toBe('tallyman/5727d8dbbbe0647d47dc7d93e33e1ed0d166b873')
})
