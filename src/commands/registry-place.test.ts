import { describe, expect, test } from 'vitest'
import { parseRegistryPlace } from '#commands/registry-place.ts'

const parse = (text: string, plainHttp = false) => parseRegistryPlace(text, { plainHttp })

describe('a registry on the command line', () => {
  test.each([
    ['registry.example.com', 'registry.example.com', ['https://registry.example.com'], undefined],
    ['registry.example.com/', 'registry.example.com', ['https://registry.example.com'], undefined],
    [
      'Registry.Example.com:5000',
      'registry.example.com:5000',
      ['https://registry.example.com:5000'],
      undefined,
    ],
    ['registry/shop/cart', 'registry', ['https://registry'], 'shop/cart'],
    [
      'https://registry.example.com/shop/cart',
      'registry.example.com',
      ['https://registry.example.com'],
      'shop/cart',
    ],
    ['HTTP://registry.example.com', 'registry.example.com', ['http://registry.example.com'], undefined],
    ['localhost:5000', 'localhost:5000', ['https://localhost:5000', 'http://localhost:5000'], undefined],
    ['127.0.0.1:5000/a', '127.0.0.1:5000', ['https://127.0.0.1:5000', 'http://127.0.0.1:5000'], 'a'],
    ['https://127.0.0.1:5000', '127.0.0.1:5000', ['https://127.0.0.1:5000'], undefined],
    ['[::1]:5000', '[::1]:5000', ['https://[::1]:5000', 'http://[::1]:5000'], undefined],
    ['10.0.0.1:5000', '10.0.0.1:5000', ['https://10.0.0.1:5000'], undefined],
    ['docker.io/nginx', 'docker.io', ['https://registry-1.docker.io'], 'library/nginx'],
    ['index.docker.io/grafana/loki', 'docker.io', ['https://registry-1.docker.io'], 'grafana/loki'],
    ['docker.io', 'docker.io', ['https://registry-1.docker.io'], undefined],
  ])('%s is %s', (text, host, urls, repository) => {
    expect(parse(text)).toEqual({ host, urls, repository })
  })

  test('has no TLS where that is said', () => {
    expect(parse('registry.example.com', true)).toMatchObject({ urls: ['http://registry.example.com'] })
    expect(parse('http://registry.example.com', true)).toMatchObject({
      urls: ['http://registry.example.com'],
    })
    expect(parse('https://registry.example.com', true)).toMatchObject({
      problem: expect.stringContaining('--plain-http'),
    })
  })

  test.each([
    ['', 'host[:port]'],
    ['https://', 'host[:port]'],
    ['a_b.example', 'host[:port]'],
    ['registry.example.com:port', 'host[:port]'],
    ['registry.example.com:99999', 'host[:port]'],
    ['ftp://registry.example.com', 'https://'],
    ['file:///etc/passwd', 'https://'],
    ['registry.example.com/shop/', "--repository 'shop/**'"],
    ['registry.example.com/shop/*', '--repository'],
    ['registry.example.com/shop/cart:v1', '--tag'],
    ['registry.example.com/shop/cart@sha256:00', '--tag'],
    ['https://me:hunter2@registry.example.com', '--password-stdin'],
    ['me:hunter2@registry.example.com/x', '--password-stdin'],
  ])('%j is none, and it is said what to write', (text, hint) => {
    const place = parse(text)
    expect(place).toEqual({ problem: expect.stringContaining(hint) })
    expect(JSON.stringify(place)).not.toContain('hunter2')
  })
})
