import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CheckReport } from '#report/check-report.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { Pipe, runHere } from '#test/harness/registry-commands.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'

const versions: readonly RegistryVersion[] = ['2.8', '3']
const ALONE = '--all --no-clusters'

describe.each(versions)('check of a whole registry %s', (version) => {
  let registry: TestRegistry
  let proxy: FaultProxy
  let host: string

  beforeAll(async () => {
    registry = await startRegistry({ version })
    const writer = new StorageWriter(registry.storageDir)
    for (const name of ['base', 'bytes', 'gone', 'layer']) {
      writer.write(`shop/${name}`, containerImage({ seed: name }), 'v1')
    }
    const at = (name: string) => ({
      storageDir: registry.storageDir,
      repository: `shop/${name}`,
      reference: 'v1',
    })
    damage('tag-link-missing', at('gone'))
    damage('layer-half', at('layer'))
    damage('layer-wrong-bytes', at('bytes'))
    proxy = await startFaultProxy({ upstream: registry.url })
    host = proxy.host
  })

  afterAll(async () => {
    await proxy?.stop()
    await registry?.stop()
  })

  test('says what cannot be pulled, a line for each image, and then the verdict', async () => {
    const { code, pipe } = await runHere(`check ${host} ${ALONE}`)
    const image = (name: string) => `${host}/shop/${name}:v1`.padEnd(`${host}/shop/layer:v1`.length)
    expect(pipe.out.split('\n')).toEqual([
      `SEVERITY  PROBLEM          ${'IMAGE'.padEnd(image('').length)}  USED BY`,
      `Info      ManifestMissing  ${image('gone')}  -`,
      `Info      LayerDamaged     ${image('layer')}  -`,
      '',
      '2 of 4 images cannot be pulled: 1 LayerDamaged, 1 ManifestMissing.',
      '',
    ])
    expect(pipe.err).toBe('')
    expect(code).toBe(4)
  })

  test('reads every byte at depth content at once, and no layer at depth manifest', async () => {
    const content = await runHere(`check ${host} ${ALONE} --depth content -o json`)
    const report = CheckReport.parse(JSON.parse(content.pipe.out))
    expect(report.findings.map(({ code, image }) => [code, image])).toEqual([
      ['LayerDamaged', `${host}/shop/bytes:v1`],
      ['ManifestMissing', `${host}/shop/gone:v1`],
      ['LayerDamaged', `${host}/shop/layer:v1`],
    ])
    expect(report).toMatchObject({
      ...{ scope: 'All', depth: 'Content', inventory: '', registry: { name: host, url: proxy.url } },
      check: { namespace: '', name: 'tallyman check', uid: '' },
    })
    expect(report.content?.read).toBe(report.content?.blobs)
    const blobs = proxy.counter({ path: /\/blobs\// })
    const manifest = await runHere(`check ${host} ${ALONE} --depth manifest -o csv`)
    expect(blobs.count).toBe(0)
    expect(manifest.pipe.rows).toHaveLength(1)
    expect(manifest.pipe.out).toMatch(/^severity,code,class,image,.*\r\nInfo,ManifestMissing,missing,/)
  })

  test('looks at what is chosen, leaves out what is accepted, and is green where the rest is whole', async () => {
    const one = await runHere(`check ${host}/shop/base ${ALONE}`)
    expect(one).toMatchObject({ code: 0, pipe: { out: '1 of 1 images are complete.\n', err: '' } })
    const accepted = await runHere(
      `check ${host} ${ALONE} --ignore **/gone:* --ignore **=LayerDamaged --exclude-repository shop/bytes`,
    )
    expect(accepted).toMatchObject({
      code: 0,
      pipe: { out: '3 of 3 images are complete (2 findings ignored).\n' },
    })
    const nothing = await runHere(`check ${host} ${ALONE} -r other`)
    expect(nothing.code).toBe(3)
    expect(nothing.pipe.out).toBe(`Nothing was looked at: no tag of ${host} was found that is chosen.\n`)
  })

  test('S22: a registry that is down, also in the midst of it, has no missing images', async () => {
    const down = await startFaultProxy({ upstream: registry.url })
    try {
      down.rule({ kind: 'cut', at: 'request' }, { path: /\/manifests\// })
      const midst = await runHere(`check ${down.host} ${ALONE}`)
      expect(midst).toMatchObject({ code: 1, pipe: { out: '' } })
      expect(midst.pipe.err).toMatch(
        /^tallyman: REGISTRY_UNREACHABLE: .* did not answer for 4 of 4 images: nothing is concluded\. /,
      )
    } finally {
      await down.stop()
    }
    const gone = await runHere(`check http://${down.host} ${ALONE}`)
    expect(gone).toMatchObject({ code: 1, pipe: { out: '' } })
    expect(gone.pipe.err).toMatch(/^tallyman: REGISTRY_UNREACHABLE: [^\n]*\n$/)
  })
})

test('tells on a terminal how far it is, and nothing of that with --quiet', async () => {
  const registry = await startRegistry({ version: '3' })
  new StorageWriter(registry.storageDir).write('app', containerImage({ seed: 'app' }), 'v1')
  const proxy = await startFaultProxy({ upstream: registry.url })
  const hold = proxy.hold({ path: /\/manifests\// })
  const screen = new Screen()
  const quiet = new Screen()
  try {
    // It holds one request: that of the run on the screen.
    const run = runHere(`check ${proxy.host} ${ALONE}`, screen)
    await Promise.race([run, eventually(() => screen.shown.some((line) => PROGRESS.test(line)))])
    hold.release()
    await run
    await runHere(`check ${proxy.host} ${ALONE} -q`, quiet)
  } finally {
    hold.release()
    await proxy.stop()
    await registry.stop()
  }
  expect([screen.err, quiet.err]).toEqual(['', ''])
  expect(screen.shown).toContainEqual(expect.stringMatching(PROGRESS))
  expect(screen.shown.at(-1)).toBe('')
  expect(quiet.shown).toEqual([])
  expect(screen.out).toBe('1 of 1 images are complete.\n')
})

const PROGRESS = /: 0 of 1 image found, [1-9]\d* requests? answered so far$/

/** stdout in a pipe, stderr on a terminal. */
class Screen extends Pipe {
  readonly shown: string[] = []
  override readonly progress = { columns: 80, rows: 24 }

  override show(lines: readonly string[] = []): void {
    this.shown.push(lines.join('\n'))
  }
}

describe('tallyman check refuses', () => {
  test.each([
    ['--depth deep', /argument 'deep' is invalid\. Allowed choices are manifest, blobs, content/],
    ['--alias https://a.example', /must be HOST, HOST\/PREFIX or HOST\/PREFIX=PATH/],
    ['--alias a.example=Not_Legal', /must be HOST, /],
    ['--severity prod', /must be PATTERN=LEVEL, .*; levels are Critical, Warning, Info/],
    ['--severity prod=Bad', /must be PATTERN=LEVEL/],
    ['--ignore **=Broken', /must be PATTERN or PATTERN=CODE, .*; codes are TagMissing, /],
    ['--ignore **=', /must be PATTERN or PATTERN=CODE/],
    ['--no-clusters', /'--no-clusters' needs '--all'/],
    ['--all --no-clusters --context a', /'--no-clusters' contradicts/],
    ['--all --no-clusters --platforms nodes', /'--platforms nodes' needs clusters/],
    ['--max-age 9d', /'--max-age' needs '--all'/],
    ['--max-age old', /must be a duration such as 90d/],
    ['--bytes-per-second 100000', /'--bytes-per-second' needs '--depth content'/],
    ['--bytes-per-second 1', /must be a whole number from 65536 to 10737418240/],
  ])('%s', async (words, message) => {
    const pipe = new Pipe()
    await expect(runHere(`check registry.example ${words}`, pipe)).rejects.toMatchObject({ exitCode: 1 })
    expect(pipe).toMatchObject({ out: '', err: expect.stringMatching(message) })
  })
})
