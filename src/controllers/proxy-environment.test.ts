import { describe, expect, test } from 'vitest'
import { proxyEnvironment } from '#controllers/proxy-environment.ts'

describe('the proxy of the environment', () => {
  test('is none where none is set', () => {
    expect(proxyEnvironment({})).toEqual({})
    expect(proxyEnvironment({ HTTPS_PROXY: '', NO_PROXY: '' })).toEqual({})
  })

  test('is read in both spellings; the lower one wins unless it is empty', () => {
    expect(proxyEnvironment({ HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://b' })).toMatchObject({
      httpsProxy: 'http://a',
      httpProxy: 'http://b',
    })
    expect(proxyEnvironment({ HTTPS_PROXY: 'http://a', https_proxy: 'http://c' }).httpsProxy).toBe('http://c')
    expect(proxyEnvironment({ HTTPS_PROXY: 'http://a', https_proxy: '' }).httpsProxy).toBe('http://a')
  })

  test('names what is reached directly, without blanks', () => {
    expect(proxyEnvironment({ NO_PROXY: ' .svc, 10.0.0.0/8 ,,localhost,' }).noProxy).toEqual([
      '.svc',
      '10.0.0.0/8',
      'localhost',
    ])
  })
})
