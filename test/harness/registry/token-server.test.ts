import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { basicAuthorization } from '#test/harness/registry/basic-authorization.ts'
import { startTokenServer, type TokenServer } from '#test/harness/registry/token-server.ts'

const ANSWER = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  refresh_token: z.string().optional(),
  expires_in: z.number().optional(),
  issued_at: z.string(),
})
const CLAIMS = z.object({
  sub: z.string(),
  access: z.array(z.object({ name: z.string(), actions: z.array(z.string()) })),
})
const LOGIN = { authorization: basicAuthorization('ci', 'secret:with:colons') }

let server: TokenServer

beforeAll(async () => {
  server = await startTokenServer({ username: 'ci', password: 'secret:with:colons' })
})
beforeEach(() => {
  server.configure({
    expiresIn: 300,
    get: true,
    post: true,
    field: 'token',
    grant: (asked, account) => (account === undefined ? [] : asked.actions),
  })
})
afterAll(() => server.stop())

function get(query: string, headers: Record<string, string> = LOGIN): Promise<Response> {
  return fetch(`${server.realm}?service=registry.test&${query}`, { headers })
}

function post(form: Record<string, string>): Promise<Response> {
  return fetch(server.realm, { method: 'POST', body: new URLSearchParams(form) })
}

async function claimsOf(response: Response): Promise<z.infer<typeof CLAIMS>> {
  const { token, access_token } = ANSWER.parse(await response.json())
  const [, claims = ''] = (token ?? access_token ?? '').split('.')
  return CLAIMS.parse(JSON.parse(Buffer.from(claims, 'base64url').toString()))
}

describe('the token server', () => {
  test('gives what several scope parameters ask for', async () => {
    const claims = await claimsOf(await get('scope=repository:a/b:pull,push&scope=repository:c:delete'))
    expect(claims).toMatchObject({
      sub: 'ci',
      access: [
        { name: 'a/b', actions: ['pull', 'push'] },
        { name: 'c', actions: ['delete'] },
      ],
    })
  })

  test('refuses a wrong password, and gives a token without rights where there is none', async () => {
    const wrong = await get('scope=repository:a:pull', { authorization: basicAuthorization('ci', 'wrong') })
    expect(wrong.status).toBe(401)
    expect((await claimsOf(await get('scope=repository:a:pull', {}))).access).toEqual([
      expect.objectContaining({ actions: [] }),
    ])
  })

  test('gives less than asked without saying so', async () => {
    server.configure({ grant: ({ actions }) => actions.filter((action) => action !== 'push') })
    const response = await get('scope=repository:a:pull,push')
    expect(response.status).toBe(200)
    expect((await claimsOf(response)).access).toEqual([expect.objectContaining({ actions: ['pull'] })])
  })

  test('gives a refresh token for a password and an access token for a refresh token', async () => {
    const offline = await post({
      grant_type: 'password',
      username: 'ci',
      password: 'secret:with:colons',
      access_type: 'offline',
      scope: 'repository:a:pull repository:b:pull',
    })
    const refresh_token = ANSWER.parse(await offline.json()).refresh_token ?? ''
    const claims = await claimsOf(
      await post({
        grant_type: 'refresh_token',
        refresh_token,
        scope: 'repository:a:pull repository:b:pull',
      }),
    )
    expect(claims.access.map(({ name }) => name)).toEqual(['a', 'b'])
    expect((await post({ grant_type: 'refresh_token', refresh_token: 'stolen' })).status).toBe(401)
  })

  test('does not know GET, POST or another path where the test says so', async () => {
    server.configure({ get: false, post: false })
    expect((await get('scope=repository:a:pull')).status).toBe(405)
    expect((await post({ grant_type: 'password', username: 'ci', password: 'x' })).status).toBe(404)
    expect((await fetch(new URL('/elsewhere', server.realm))).status).toBe(404)
  })

  test('leaves expires_in out and answers in access_token where the test says so', async () => {
    server.configure({ expiresIn: null, field: 'access_token' })
    const answer = ANSWER.parse(await (await get('scope=repository:a:pull')).json())
    expect(answer.expires_in).toBeUndefined()
    expect(answer.token).toBeUndefined()
    expect(answer.access_token).toBeTypeOf('string')
  })

  test('records what was asked and keeps no secret', async () => {
    await get('scope=repository:a:pull')
    expect(server.requests.at(-1)).toMatchObject({
      method: 'GET',
      service: 'registry.test',
      scopes: ['repository:a:pull'],
      account: 'ci',
      status: 200,
    })
    expect(JSON.stringify(server.requests)).not.toContain('secret:with')
  })
})
