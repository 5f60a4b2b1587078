import { describe, expect, test } from 'vitest'
import { proxyFromEnvironment } from '#registry/proxy-environment.ts'

const PROXY = 'http://proxy.example:3128'
const OTHER = 'http://other.example:3128'
const proxyFor = (url: string, env: Record<string, string>) => proxyFromEnvironment(new URL(url), env)?.url

describe('the proxy of the environment', () => {
  test.each([
    ['https://r.example', { HTTPS_PROXY: PROXY }, PROXY],
    ['https://r.example', { HTTP_PROXY: PROXY }, undefined],
    ['http://r.example', { HTTP_PROXY: PROXY }, PROXY],
    ['https://r.example', { HTTPS_PROXY: PROXY, https_proxy: OTHER }, OTHER],
    ['https://r.example', { HTTPS_PROXY: '' }, undefined],
    ['https://r.example', { HTTPS_PROXY: PROXY, https_proxy: '' }, PROXY],
    ['http://localhost:5000', { HTTP_PROXY: PROXY }, undefined],
    ['http://r.localhost:5000', { HTTP_PROXY: PROXY }, undefined],
    ['http://127.0.0.2:5000', { HTTP_PROXY: PROXY }, undefined],
    ['http://[::1]:5000', { HTTP_PROXY: PROXY }, undefined],
    ['http://127.example:5000', { HTTP_PROXY: PROXY }, PROXY],
  ])('for %s with %j is %s', (url, env, proxy) => {
    expect(proxyFor(url, env)).toBe(proxy)
  })

  test('comes with what is reached without it', () => {
    const env = { HTTPS_PROXY: PROXY, NO_PROXY: 'a.example,, b.example' }
    expect(proxyFromEnvironment(new URL('https://r.example'), env)).toEqual({
      url: PROXY,
      noProxy: ['a.example', ' b.example'],
    })
  })
})
