import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { errorLine } from '#commands/registry-remedy.ts'

test('an error is told with what to do on the command line, and what a registry has worded moves no cursor', () => {
  expect(errorLine(new TallymanError('REGISTRY_UNAUTHORIZED', 'no \u001b[2J.'))).toBe(
    'tallyman: REGISTRY_UNAUTHORIZED: no \\u001b[2J. Log in with docker login or podman login, or give --username and --password-stdin.',
  )
  expect(errorLine(new TallymanError('REGISTRY_SERVER_ERROR', 'a: 500'))).toBe(
    'tallyman: REGISTRY_SERVER_ERROR: a: 500. Look into the log of the registry.',
  )
})
