import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Downloader } from '#test/harness/binaries/download.ts'
import type { Family } from '#test/harness/binaries/families.ts'
import { prepareFamily } from '#test/harness/binaries/prepare-family.ts'
import { tinyFamily, writeTinyModule } from '#test/harness/binaries/tiny-family.ts'
import { reservePort } from '#test/harness/ports.ts'
import { createStateDir, type StateDir } from '#test/harness/state-dir.ts'
import { eventually } from '#test/harness/wait.ts'

const PROGRAM = '#!/bin/sh\necho downloaded\n'
/** For tests with a real `go build`: where Go's cache is empty, it compiles the standard library too. */
const COLD_BUILD = { timeout: 300_000 }

describe('preparing a family', () => {
  let state: StateDir
  let downloader: Downloader
  let shown: string[]
  const at = (...parts: string[]) => path.join(state.path, ...parts)

  beforeEach(async () => {
    state = await createStateDir('prepare')
    downloader = new Downloader()
    shown = []
    await writeTinyModule(at('modules'))
  })
  afterEach(async () => {
    await downloader.close()
    await state.remove()
  })

  const prepare = (family: Family, assets = '') =>
    prepareFamily(family, {
      downloader,
      modulesDir: at('modules'),
      cacheDir: at('cache'),
      assets,
      progress: { write: (text) => shown.push(text) },
    })
  const output = async (file: string | undefined) => {
    const { stdout, stderr } = await promisify(execFile)(file ?? '')
    return `${stdout}${stderr}`.trim()
  }

  it(
    'builds through Go with its version linked in, shows it, and uses the cache the second time',
    COLD_BUILD,
    async () => {
      const first = await prepare(tinyFamily())
      expect(first.get('hello')).toBe(at('cache', 'bin', 'tiny-v1.2.3', 'hello'))
      expect(await output(first.get('hello'))).toBe('hello v1.2.3')
      expect(shown[0]).toBe('tiny v1.2.3: building (a moment) … 0:00\n')
      expect(shown.at(-1)).toMatch(/ … \d+:\d\d done\n$/)
      shown.length = 0
      expect(await prepare(tinyFamily())).toEqual(first)
      expect(shown).toEqual([])
      expect(await readdir(at('cache', 'bin'))).toEqual(['tiny-v1.2.3'])
    },
  )

  it('takes what lies in KUBEBUILDER_ASSETS and builds nothing', async () => {
    await mkdir(at('assets'))
    await writeFile(at('assets', 'hello'), PROGRAM)
    await chmod(at('assets', 'hello'), 0o755)
    expect((await prepare(tinyFamily(), at('assets'))).get('hello')).toBe(at('assets', 'hello'))
    expect(shown).toEqual([])
  })

  it('goes on after a run that was killed in the middle of its build', COLD_BUILD, async () => {
    // A `go` that never ends, so that the kill is sure to come in the middle.
    await mkdir(at('slow'))
    await writeFile(at('slow', 'go'), `#!/bin/sh\ntouch '${at('building')}'\nexec sleep 60\n`)
    await chmod(at('slow', 'go'), 0o755)
    const here = JSON.stringify(import.meta.dirname)
    const script = `const { prepareFamily } = await import(${here} + '/prepare-family.ts')
      const { Downloader } = await import(${here} + '/download.ts')
      const { tinyFamily } = await import(${here} + '/tiny-family.ts')
      await prepareFamily(tinyFamily(), { downloader: new Downloader(), modulesDir: ${JSON.stringify(at('modules'))},
        cacheDir: ${JSON.stringify(at('cache'))}, assets: '' })`
    const env = { ...process.env, PATH: `${at('slow')}:${process.env.PATH ?? ''}` }
    const first = spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: 'ignore' })
    const started = () => access(at('building')).then(() => true)
    await eventually(started, { message: 'the build to start' })
    first.kill('SIGKILL')
    await once(first, 'exit')
    expect(await readdir(at('cache', 'bin'))).toContain('tiny-v1.2.3.lock')

    expect(await output((await prepare(tinyFamily())).get('hello'))).toBe('hello v1.2.3')
    expect(await readdir(at('cache', 'bin'))).toEqual(['tiny-v1.2.3'])
  })

  it('builds once when two want it at the same time', COLD_BUILD, async () => {
    const [first, second] = await Promise.all([prepare(tinyFamily()), prepare(tinyFamily())])
    expect(first).toEqual(second)
    expect(shown.filter((line) => line.endsWith('done\n'))).toHaveLength(1)
    expect(shown.join('')).toContain(`tiny v1.2.3: waiting for process ${process.pid}, which prepares it`)
  })

  describe('from a release', () => {
    let server: Server
    let files: Map<string, string>
    let requests: string[]
    let origin: string

    beforeEach(async () => {
      files = new Map([['/hello', PROGRAM]])
      requests = []
      server = createServer((request, response) => {
        requests.push(request.url ?? '')
        const body = files.get(request.url ?? '')
        response.writeHead(body === undefined ? 404 : 200).end(body)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    })
    afterEach(() => new Promise((resolve) => server.close(resolve)))
    const released = () => tinyFamily({ url: `${origin}/hello`, checksumUrl: `${origin}/hello.sha256` })

    it('downloads where the checksum is right', async () => {
      files.set('/hello.sha256', createHash('sha256').update(PROGRAM).digest('hex'))
      expect(await output((await prepare(released())).get('hello'))).toBe('downloaded')
      expect(shown[0]).toBe('tiny v1.2.3: downloading hello … 0:00\n')
      expect(await readdir(at('cache', 'bin'))).toEqual(['tiny-v1.2.3'])
    })

    it('stops with both hashes where it is wrong, and leaves nothing in the cache', async () => {
      files.set('/hello.sha256', 'a'.repeat(64))
      await expect(prepare(released())).rejects.toThrow(/hello has SHA-256 [0-9a-f]{64}, but .* says a{64}/)
      expect(await readdir(at('cache', 'bin'))).not.toContain('tiny-v1.2.3')
    })

    it('builds where no checksum is published, without downloading', COLD_BUILD, async () => {
      expect(await output((await prepare(released())).get('hello'))).toBe('hello v1.2.3')
      expect(requests).toEqual(['/hello.sha256'])
    })

    it('asks a host that cannot be reached only once', async () => {
      const closed = await reservePort()
      const url = `http://127.0.0.1:${closed.port}/hello`
      const release = { url, checksumUrl: url }
      const reason = `127.0.0.1:${closed.port} cannot be reached (ECONNREFUSED)`
      await expect(downloader.checksum(release)).rejects.toThrow(reason)
      // Something answers there now; the downloader does not look again.
      const late = createServer((_request, response) => response.end('a'.repeat(64)))
      await new Promise<void>((resolve) => late.listen(closed.port, '127.0.0.1', resolve))
      await expect(downloader.checksum(release)).rejects.toThrow(reason)
      await new Promise((resolve) => late.close(resolve))
      await closed.release()
    })
  })

  it('says what was tried and what to install where there is neither download nor Go', async () => {
    const before = process.env.PATH
    process.env.PATH = at('nothing')
    try {
      await expect(prepare(tinyFamily())).rejects.toThrow(
        /tiny v1\.2\.3: hello cannot be had\. No download: no release for .*there is no Go on PATH\. Install Go 1\.21/,
      )
    } finally {
      process.env.PATH = before
    }
  })
})
