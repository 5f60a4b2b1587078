import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { planCommand } from '#commands/plan.ts'
import { parseRegistryPlace } from '#commands/registry-place.ts'
import { restoreCommand } from '#commands/restore.ts'

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

describe('what is no place is answered with what the command takes', () => {
  const none = async () => 0
  const said = async (command: Command, words: string): Promise<string> => {
    let text = ''
    command.exitOverride().configureOutput({ writeErr: (written) => (text += written) })
    await expect(command.parseAsync(words.split(' '), { from: 'user' })).rejects.toThrow()
    return text
  }
  const options = (command: Command) => command.options.map(({ long }) => long)

  test.each([
    { words: 'plan registry.example.com/shop/cart:v1', hint: 'tallyman why IMAGE says by the same rules' },
    { words: 'plan registry.example.com/shop/', hint: 'give one repository, or the host alone' },
    { words: 'plan registry.example.com/shop/*', hint: 'give the host alone' },
    { words: 'restore registry.example.com/shop/', hint: 'give one repository, with :TAG or @sha256:DIGEST' },
    { words: 'restore registry.example.com/shop/*', hint: 'the host alone with --run or --list' },
  ])('tallyman $words', async ({ words, hint }) => {
    const command = words.startsWith('plan ') ? planCommand(none) : restoreCommand(none)
    const text = await said(command, words.replace(/^\w+ /, ''))
    expect(text).toContain("error: argument 'registry' is invalid. It ")
    expect(text).toContain(hint)
    for (const [flag] of text.matchAll(/--[a-z-]+/g)) expect(options(command)).toContain(flag)
  })
})
