import { describe, expect, test } from 'vitest'
import { createLogger } from '#runtime/logger.ts'

function logged(fields: object): string {
  const lines: string[] = []
  const log = createLogger({ level: 'debug' }, { write: (line) => void lines.push(line) })
  log.info(fields, 'message')
  log.child(fields).info({}, 'of a child')
  return lines.join('')
}

describe('createLogger', () => {
  test.each([
    ['at the top', { password: 'hunter2' }],
    ['one level below', { request: { authorization: 'hunter2' } }],
    ['as a header', { headers: { Authorization: 'Bearer hunter2' } }],
    ['as a docker config', { data: { '.dockerconfigjson': 'hunter2' } }],
    ['as a token', { token: 'hunter2' }],
    ['as a credential object', { target: { credential: { kind: 'basic', password: 'hunter2' } } }],
  ])('a secret %s is not written', (_, fields) => {
    const text = logged(fields)

    expect(text).not.toContain('hunter2')
    expect(text).toContain('[redacted]')
  })

  test('what is no secret is written, one JSON object a line', () => {
    const [line = ''] = logged({ image: 'registry.example.com/a:1' }).split('\n')

    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      msg: 'message',
      image: 'registry.example.com/a:1',
    })
  })
})
