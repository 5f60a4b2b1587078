import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { containerImage } from '#test/harness/images.ts'
import { KnownCapabilities } from './capabilities.ts'

const MINUTE = 60_000
const ALLOWED = { tagDelete: 'supported', digestDelete: 'supported' }

describe('S40: what a registry lets an account delete', () => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite('3')
    for (const repository of ['one', 'two'])
      site.storage.write(repository, containerImage({ seed: repository }), 'v1')
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  function asking() {
    const clock = new FakeClock()
    const known = new KnownCapabilities(clock)
    const options = {
      signal: new AbortController().signal,
      guard: async () => undefined,
      audit: () => undefined,
    }
    const of = (repository: string, client = site.client) => known.of(client, repository, options)
    return { clock, of }
  }

  /** From now on nothing may be deleted, in any or in one repository. */
  const refuse = (status: number, path = /./) =>
    site.proxy.rule({ kind: 'status', status }, { method: 'DELETE', path })

  test('is asked for again after some minutes, and not before', async () => {
    const { clock, of } = asking()
    expect(await of('one')).toMatchObject(ALLOWED)
    refuse(405)
    await clock.advance(4 * MINUTE)
    expect(await of('two')).toMatchObject(ALLOWED)
    await clock.advance(MINUTE)
    expect(await of('two')).toMatchObject({ tagDelete: 'disabled', digestDelete: 'disabled' })
  })

  test('is not known of another account', async () => {
    const { of } = asking()
    expect(await of('one', site.direct)).toMatchObject(ALLOWED)
    refuse(405)
    expect(await of('one')).toMatchObject({ digestDelete: 'disabled' })
  })

  test('is another one in the next repository, where it was refused in one', async () => {
    const { of } = asking()
    refuse(403, /\/one\//)
    expect(await of('one')).toMatchObject({ tagDelete: 'denied', digestDelete: 'denied' })
    expect(await of('two')).toMatchObject(ALLOWED)
  })

  test('is asked for again at once where there was no answer', async () => {
    const { of } = asking()
    site.proxy.rule({ kind: 'drop' }, { method: 'DELETE' })
    expect(await of('one')).toMatchObject({ tagDelete: 'unknown', digestDelete: 'unknown' })
    site.proxy.clear()
    expect(await of('one')).toMatchObject(ALLOWED)
  })
})
