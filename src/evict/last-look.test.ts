import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { IMAGES, writeExecuted } from '#test/harness/executed.ts'
import { executeOn, executionSiteOf } from '#test/harness/execution.ts'
import { lastLook } from './last-look.ts'

const { doomed, plain, kept } = IMAGES
const { signal } = new AbortController()

let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('2.8')
})
afterEach(() => site.proxy.clear())
afterAll(() => site.stop())

/** A run that took a tag away in each repository and was cut off before it could look. */
async function cutOff(...repositories: readonly string[]): Promise<void> {
  const last = repositories.at(-1) ?? ''
  const evictions = repositories.map((name) => writeExecuted(site, name))
  const guard = async () => {
    if ((await site.tags(last)).plain === undefined)
      throw new TallymanError('LEADERSHIP_LOST', 'another leads')
  }
  expect((await executeOn(site, evictions, { site: { guard } })).end.stoppedBy?.code).toBe('LEADERSHIP_LOST')
}

const harm = (repository: string, kind: DamageKind) =>
  damage(kind, { storageDir: site.registry.storageDir, repository, reference: 'kept' })

/** What a last look finds, as `REPOSITORY CODE`, and what it has told meanwhile. */
async function look(...repositories: readonly string[]) {
  const told: string[] = []
  const harmed = async ({ message }: TallymanError) => void told.push(message)
  const here = executionSiteOf(site)
  const problems = await lastLook(async () => here, { run: 'run', repositories, harmed, signal })
  return { told, found: problems.map(({ repository, error }) => `${repository} ${error.code}`) }
}

test('S44: what a call has harmed that was cut off is told and brought back, in every repository', async () => {
  const names = ['harmed/a', 'harmed/b', 'harmed/c'] as const
  await cutOff(...names)
  harm('harmed/a', 'layer-link-missing')
  harm('harmed/c', 'tag-gone')
  const { told, found } = await look('never-met', ...names)
  expect(found).toEqual(['harmed/a EVICTION_HARMED', 'harmed/c EVICTION_HARMED'])
  expect(told).toEqual([
    expect.stringContaining('harmed/a:kept'),
    expect.stringContaining('its tag names nothing any more'),
  ])
  for (const name of ['harmed/a', 'harmed/c']) {
    const named = { old: doomed.manifest.digest, plain: plain.manifest.digest }
    expect(await site.tags(name)).toMatchObject(named)
  }
  expect((await site.tags('harmed/b')).plain).toBeUndefined()
})

test('where all is whole nothing is written, and where a call has looked already nothing is found', async () => {
  await cutOff('whole')
  const from = site.proxy.count
  expect(await look('whole')).toEqual({ told: [], found: [] })
  const writes = site.proxy.requests.filter(({ n, method }) => n > from && !['GET', 'HEAD'].includes(method))
  expect(writes).toEqual([])

  expect((await executeOn(site, [writeExecuted(site, 'looked')])).end.phase).toBe('Succeeded')
  harm('looked', 'tag-gone')
  expect(await look('looked')).toEqual({ told: [], found: [] })
})

test('S44: a repository that cannot be looked at is told, and keeps nobody from looking at the others', async () => {
  await cutOff('refused/a', 'refused/b')
  harm('refused/b', 'layer-link-missing')
  const path = new RegExp(`v2/refused/a/manifests/(kept|${kept.manifest.digest})`)
  site.proxy.rule({ kind: 'status', status: 401 }, { path })
  const { found } = await look('refused/a', 'refused/b')
  expect(found).toEqual(['refused/a REGISTRY_UNAUTHORIZED', 'refused/b EVICTION_HARMED'])
})

test('S44: a manifest that is damaged by now is harm, although the registry says 500 without a word to a HEAD', async () => {
  await cutOff('damaged/a')
  // The bytes are those of all repositories.
  const repair = harm('damaged/a', 'manifest-cut')
  const { found } = await look('damaged/a')
  repair()
  expect(found).toEqual(['damaged/a EVICTION_HARMED'])
})

test('S44: what is not reached is not over, unless harm is known, and hides no harm of the others', async () => {
  const names = ['unreached/a', 'unreached/b', 'unreached/c', 'unreached/d'] as const
  await cutOff(...names)
  site.proxy.rule({ kind: 'drop' }, { path: /unreached\/[ac]\// })
  await expect(look(...names)).rejects.toMatchObject({ kind: 'unreachable' })

  harm('unreached/b', 'layer-link-missing')
  harm('unreached/d', 'layer-link-missing')
  const { told, found } = await look(...names)
  expect(told).toHaveLength(2)
  expect(found).toEqual([
    expect.stringMatching(/^unreached\/a REGISTRY_(UNREACHABLE|TIMEOUT)$/),
    'unreached/b EVICTION_HARMED',
    expect.stringMatching(/^unreached\/c REGISTRY_(UNREACHABLE|TIMEOUT)$/),
    'unreached/d EVICTION_HARMED',
  ])
})

test('a registry that answers for three repositories in a row with nothing is not asked for the rest', async () => {
  const asked: number[] = []
  const open = async () => {
    asked.push(asked.length)
    throw new TallymanError('REGISTRY_UNREACHABLE', 'nobody answers')
  }
  const harmed = async () => undefined
  const repositories = ['a', 'b', 'c', 'd']
  await expect(lastLook(open, { run: 'run', repositories, harmed, signal })).rejects.toMatchObject({
    code: 'REGISTRY_UNREACHABLE',
  })
  expect(asked).toHaveLength(3)
})

test('what keeps the registry from being opened is told of every repository', async () => {
  const open = async () => {
    throw new TallymanError('SECRET_NOT_FOUND', 'no credentials')
  }
  const harmed = async () => undefined
  const problems = await lastLook(open, { run: 'run', repositories: ['a', 'b'], harmed, signal })
  expect(problems).toMatchObject([
    { repository: 'a', error: { code: 'SECRET_NOT_FOUND' } },
    { repository: 'b', error: { code: 'SECRET_NOT_FOUND' } },
  ])
})
