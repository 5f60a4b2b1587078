import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { imagesCommand } from '#commands/images.ts'
import { whyCommand } from '#commands/why.ts'

/** What the command that `make` makes runs with, given these arguments, or what it says and ends. */
async function parse<T>(
  make: (run: (options: T) => Promise<number>) => Command,
  args: readonly string[],
): Promise<T | string> {
  const seen: T[] = []
  const said: string[] = []
  const command = make(async (options) => {
    seen.push(options)
    return 0
  })
  command.exitOverride().configureOutput({ writeErr: (text) => void said.push(text) })
  await command.parseAsync(args, { from: 'user' }).catch(() => undefined)
  return seen[0] ?? said.join('')
}

const images = (...args: string[]) => parse(imagesCommand, args)
const why = (...args: string[]) => parse(whyCommand, args)

describe('tallyman images', () => {
  test('reads the current context, everything there is, for a minute at most', async () => {
    expect(await images()).toMatchObject({
      ...{ contexts: [undefined], registry: [], output: 'table', timeout: 60_000, retain: 31 * 86_400_000 },
      sources: {
        workloads: { enabled: true, blocks: true },
        rolloutHistory: { enabled: true, blocks: true },
        nodes: { enabled: true, blocks: true },
      },
    })
  })

  test('takes several registries, and fewer sources', async () => {
    expect(
      await images('--registry', 'a.example', '--registry', 'b.example/x', '--sources', 'pods, nodes'),
    ).toMatchObject({
      registry: [
        { host: 'a.example', path: '' },
        { host: 'b.example', path: 'x' },
      ],
      sources: {
        workloads: { enabled: false },
        rolloutHistory: { enabled: false },
        nodes: { enabled: true },
      },
    })
  })

  test.each([
    [
      ['-o', 'yaml'],
      "error: option '-o, --output <format>' argument 'yaml' is invalid. Allowed choices are table, json, names.\n",
    ],
    [
      ['--registry', 'https://a.example'],
      "error: option '--registry <host[/path]>' argument 'https://a.example' is invalid. must be host[:port][/path], such as registry.example.com/team.\n",
    ],
    [
      ['--sources', 'pod'],
      "error: option '--sources <names>' argument 'pod' is invalid. must be some of pods, workloads, rolloutHistory, nodes, with commas between.\n",
    ],
    [
      ['--timeout', '60'],
      "error: option '--timeout <duration>' argument '60' is invalid. must be a duration such as 15s or 2m.\n",
    ],
    [
      ['--context', 'a', '--all-contexts'],
      "error: option '--all-contexts' cannot be used with option '--context <name>'\n",
    ],
  ])('refuses %j, with what is right', async (args, message) => {
    expect(await images(...args)).toBe(message)
  })
})

describe('tallyman why', () => {
  test('asks about one image, and the ledger of tallyman-system', async () => {
    expect(await why('nginx')).toMatchObject({
      image: { text: 'docker.io/library/nginx:latest' },
      ...{ output: 'text', ledger: true, ledgerNamespace: 'tallyman-system' },
    })
    expect(await why('nginx', '--no-ledger')).toMatchObject({ ledger: false })
  })

  test.each([
    [[], "error: missing required argument 'image'\n"],
    [
      ['sha256:abc'],
      "error: command-argument value 'sha256:abc' is invalid for argument 'image'. must be an image reference such as registry.example.com/team/app:v1, or a whole digest such as sha256:… with 64 hex digits.\n",
    ],
    [
      ['nginx', '--inventory', 'all'],
      "error: option '--inventory <namespace/name>' argument 'all' is invalid. must be namespace/name, such as ops/everything.\n",
    ],
  ])('refuses %j, with what is right', async (args, message) => {
    expect(await why(...args)).toBe(message)
  })
})
