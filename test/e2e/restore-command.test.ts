import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { journalOf } from '#evict/journal-shelf.ts'
import { damage } from '#test/harness/damage.ts'
import { evictTags, shelfOf } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage, cosignSignature, cosignTag, multiPlatformImage } from '#test/harness/images.ts'
import { type CommandResult, tallyman } from '#test/harness/tallyman.ts'

const RUN = 'web-20261126t053000-1f2e'
const EARLIER = 'web-20261125t053000-0a0b'

describe.each(['2.8', '3'] as const)('tallyman restore, registry %s', (version) => {
  const cart = multiPlatformImage({ seed: 'cart' })
  const signature = cosignSignature(cart)
  const signed = cosignTag(cart.manifest.digest, 'sig')
  const pay = containerImage({ seed: 'pay' })
  const kept = containerImage({ seed: 'kept' })
  let site: EvictionSite
  let host: string

  beforeAll(async () => {
    site = await startEvictionSite(version)
    host = site.registry.host
    await evictTags(site, {
      ...{ run: EARLIER, repository: 'shop/pay', tags: { v1: pay, v2: pay, kept }, doomed: ['v1'] },
    })
    await evictTags(site, {
      ...{ run: RUN, repository: 'shop/cart', tags: { v1: cart, [signed]: signature, kept } },
      doomed: ['v1', signed],
    })
  })
  afterAll(async () => {
    await site?.stop()
  })

  const restore = (...words: readonly string[]): Promise<CommandResult> => tallyman(['restore', ...words])
  const outcomes = (stdout: string): Record<string, string> =>
    Object.fromEntries(
      stdout
        .split('\n')
        .flatMap((line) => [...line.matchAll(/^(\w+) +(\S+) {2}/g)])
        .map(([, outcome, image]) => [image, outcome]),
    )

  test('lists what is gone from all repositories, newest first, and writes nothing', async () => {
    const [{ code, stdout, stderr }, csv] = await Promise.all([
      restore(host, '--list'),
      restore(host, '--list', '--run', EARLIER, '-o', 'csv'),
    ])
    expect(outcomes(stdout)).toEqual({
      'shop/cart:v1': 'Evicted',
      [`shop/cart:${signed}`]: 'Evicted',
      'shop/pay:v1': 'Evicted',
    })
    expect(stdout).toMatch(/shop\/cart:v1 {2}sha256:[0-9a-f]{12}, went 2\S+Z by web-20261126t053000-1f2e\n/)
    expect(stdout).toMatch(/\n\n3 things gone\.\n$/)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(csv.stdout.split('\r\n').slice(0, 2)).toEqual([
      'outcome,repository,tag,digest,run,gone_at,code,message,back_at',
      expect.stringMatching(`^Evicted,shop/pay,v1,${pay.manifest.digest},${EARLIER},2.*Z,,,$`),
    ])
  })

  test('says what it would do', async () => {
    const { code, stdout } = await restore(`${host}/shop/cart:v1`, '--dry-run')
    expect(outcomes(stdout)).toEqual({
      'shop/cart:v1': 'WouldRestore',
      [`shop/cart:${signed}`]: 'WouldRestore',
    })
    expect(code).toBe(0)
    expect(await site.tags('shop/cart')).not.toHaveProperty('v1')
  })

  test('refuses where a run is half done, unless it is told that nobody finishes it', async () => {
    const journal = await journalOf(shelfOf(site), 'shop/pay', 'dead', {})
    await journal.append([{ kind: 'intent', id: 'one', at: 0, step: { action: 'untag', bindings: [] } }])
    const refused = await restore(`${host}/shop/pay:v1`)
    expect(refused.stderr).toMatch(
      /^tallyman: RESTORE_UNSETTLED: shop\/pay: the run dead has begun .* give --unsettled\.\n$/,
    )
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect((await restore(`${host}/shop/pay:v1`, '--unsettled')).code).toBe(0)
    expect(await site.tags('shop/pay')).toMatchObject({ v1: pay.manifest.digest })
    await journal.append([{ kind: 'outcome', intent: 'one', at: 1, ended: [] }])
  })

  test('S34: tells of a journal that is lost, and brings back what the others know of', async () => {
    const journal = await journalOf(shelfOf(site), 'shop/gone', RUN, {})
    await journal.append([{ kind: 'intent', id: 'one', at: 0, step: { action: 'untag', bindings: [] } }])
    const { storageDir } = site.registry
    const repository = 'tallyman/journals/shop/gone'
    const mend = damage('revision-link-missing', { storageDir, repository, reference: RUN })
    const list = await restore(host, '--list')
    expect(list.stderr).toBe(
      `tallyman: JOURNAL_LOST: shop/gone: the journal of the run ${RUN} is there and cannot be read, and nobody knows what it took\n`,
    )
    expect(list.code).toBe(3)
    expect(outcomes(list.stdout)).toMatchObject({ 'shop/cart:v1': 'Evicted' })
    mend()
    await journal.append([{ kind: 'outcome', intent: 'one', at: 1, ended: [] }])
  })

  test('brings back one tag with its signature, and a foreign client pulls it', async () => {
    const { code, stdout, stderr } = await restore(`${host}/shop/cart:v1`)
    expect(outcomes(stdout)).toEqual({ 'shop/cart:v1': 'Restored', [`shop/cart:${signed}`]: 'Restored' })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(await site.pull('shop/cart:v1')).toContain(cart.manifest.digest)
    expect(await site.pull(`shop/cart:${signed}`)).toContain(signature.manifest.digest)
  })

  test('knows that it is back', async () => {
    const image = `${host}/shop/cart:v1`
    const [would, list] = await Promise.all([restore(image, '--dry-run'), restore(host, '--list')])
    const present = { 'shop/cart:v1': 'Present', [`shop/cart:${signed}`]: 'Present' }
    for (const { code, stdout, stderr } of [would, await restore(image)]) {
      expect(outcomes(stdout)).toEqual(present)
      expect(stdout).toMatch(
        /shop\/cart:v1 {2}sha256:[0-9a-f]{12}, went 2\S+Z by web-20261126t053000-1f2e, is back since 2\S+Z\n/,
      )
      expect(stdout).toMatch(/\n\n2 things there already\.\n$/)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    }
    const whole = await restore(`${host}/shop/cart`)
    for (const { code, stdout, stderr } of [list, whole]) {
      expect(stderr).toMatch(
        /^tallyman: nothing is gone from \S+, by .*: \d things came back, the last on 2.* UTC\./,
      )
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    }
    const never = await restore(`${host}/shop/cart:v9`)
    expect(never).toEqual({
      ...{ code: 3, stdout: '' },
      stderr: `tallyman: nothing is known to be gone from ${host}/shop/cart:v9, by the journals below tallyman\n`,
    })
    const nobody = ['--list', '--run', 'web-20261126t053000-ffff'] as const
    const [unknownRun, unknownTag] = await Promise.all([
      restore(host, ...nobody),
      restore(`${host}/shop/cart:v9`, '--list'),
    ])
    expect([unknownRun.code, unknownTag.code]).toEqual([3, 3])
    expect(unknownRun.stderr).toMatch(
      /by the run web-20261126t053000-ffff, by the journals below tallyman\n$/,
    )
  })

  test('brings back what is missing again after it came back, where it is named', async () => {
    const image = `shop/cart:${signed}`
    damage('tag-gone', { storageDir: site.registry.storageDir, repository: 'shop/cart', reference: signed })
    expect(await site.tags('shop/cart')).not.toHaveProperty(signed)
    const { code, stdout } = await restore(`${host}/${image}`)
    expect(outcomes(stdout)).toEqual({ [image]: 'Restored' })
    expect(code).toBe(0)
    expect(await site.pull(image)).toContain(signature.manifest.digest)
  })

  test('brings back a whole run, but for what is named otherwise by now', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map((seed) => containerImage({ seed }))
    if (one === undefined || two === undefined || three === undefined) throw new Error('there are three')
    const run = 'web-20261127t053000-2222'
    const tags = { one, two, kept }
    await evictTags(site, { run, repository: 'lost/one', tags, doomed: ['one', 'two'] })
    await evictTags(site, { run, repository: 'lost/two', tags: { three, kept }, doomed: ['three'] })
    site.storage.write('lost/one', kept, 'two')
    const { code, stdout } = await restore(host, '--run', run, '-o', 'json')
    const rows: { repository: string; tag: string | null; outcome: string }[] = JSON.parse(stdout)
    expect(
      Object.fromEntries(
        rows.flatMap(({ repository, tag, outcome }) =>
          tag === null ? [] : [[`${repository}:${tag}`, outcome]],
        ),
      ),
    ).toEqual({ 'lost/one:one': 'Restored', 'lost/one:two': 'Taken', 'lost/two:three': 'Restored' })
    expect(code).toBe(3)
    expect(await site.tags('lost/one')).toMatchObject({ two: kept.manifest.digest })
  })

  test('brings back all of a repository, and nothing of another one', async () => {
    const run = 'web-20261127t053000-3333'
    const [red, blue] = [containerImage({ seed: 'red' }), containerImage({ seed: 'blue' })]
    for (const repository of ['all/shop', 'all/shop/cart']) {
      await evictTags(site, { run, repository, tags: { red, blue, kept }, doomed: ['red', 'blue'] })
    }
    const { code, stdout } = await restore(`${host}/all/shop`)
    expect(outcomes(stdout)).toEqual({ 'all/shop:red': 'Restored', 'all/shop:blue': 'Restored' })
    expect(code).toBe(0)
    expect(await site.pull('all/shop:blue')).toContain(blue.manifest.digest)
    expect(Object.keys(await site.tags('all/shop/cart'))).toEqual(['kept'])
  })
})

test('tallyman restore asks what to bring back', async () => {
  const restore = async (...words: readonly string[]) => (await tallyman(['restore', ...words])).stderr
  const host = '127.0.0.1:1'
  const asked = await Promise.all([
    restore(host),
    restore(host, '--run', '../x'),
    restore(`${host}/shop/cart`, '--list', '--dry-run'),
    restore(`${host}/shop/*`),
    restore(`${host}/shop/cart@sha256:abc`),
    restore(`${host}/shop/cart:`),
  ])
  expect(asked).toEqual([
    expect.stringContaining("a repository, or a run with '--run'"),
    expect.stringContaining('must be the name of a run'),
    expect.stringContaining("'--list' brings nothing back"),
    expect.stringContaining('It holds a pattern'),
    expect.stringContaining("'sha256:abc' is no whole digest"),
    expect.stringContaining("'' is no tag"),
  ])
})
