import { expect, test } from 'vitest'
import { redactUrls } from '#runtime/redact.ts'

test.each([
  ['https://user:secret@r.example:5000/v2/?n=1#top', 'https://r.example:5000/v2/'],
  ['https://a@b:c@r.example', 'https://r.example'],
  ['see "http://r.example/x?sig=secret", then', 'see "http://r.example/x", then'],
  ['HTTPS://r.example?token=secret', 'HTTPS://r.example'],
  ['https://r.example/v2/@scope/name', 'https://r.example/v2/@scope/name'],
  ['registry.example/app@sha256:0a: not found', 'registry.example/app@sha256:0a: not found'],
])('%s', (text, redacted) => {
  expect(redactUrls(text)).toBe(redacted)
})
