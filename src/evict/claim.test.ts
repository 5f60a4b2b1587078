import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { registryError } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { CLAIM_TIMES, type ClaimReach, RegistryClaim } from './claim.ts'
import { claimTag } from './claim-artifact.ts'

const { lookMs, heldMs, settleMs, sharedMs, aloneMs } = CLAIM_TIMES
const MINUTE = 60_000

describe.each(['2.8', '3'] as const)('S01: a claim on a registry of %s', (version) => {
  let site: EvictionSite
  let clock: FakeClock

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  beforeEach(async () => {
    clock = new FakeClock()
    await emptied()
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  /** One process of an operator. */
  class Installation {
    readonly claim: RegistryClaim
    readonly discarded: string[] = []
    usage: Partial<UsageClaim> = {}
    isLeading = true
    readonly #name: string

    constructor(name: string, operator = 'tallyman', process = `${name}-${operator}-1`) {
      this.#name = name
      this.claim = new RegistryClaim({ holder: { installation: name, operator, process }, clock })
    }

    async refresh(client = site.direct): Promise<void> {
      const reach: ClaimReach = {
        client,
        signal: new AbortController().signal,
        usage: async () => ({
          ...{ installation: this.#name, writtenAt: clock.now(), synced: true, trusted: true },
          ...{ images: [`${this.#name}:1`], digests: [], configs: [], pins: [] },
          ...this.usage,
        }),
        fence: () => {
          if (!this.isLeading) throw new TallymanError('LEADERSHIP_LOST', 'another leads')
        },
        discard: (digest) => this.discarded.push(digest),
      }
      await this.claim.refresh(reach)
    }

    /** What forbids deleting. */
    get obstacle(): string | undefined {
      try {
        this.claim.assertHeld()
        return undefined
      } catch (error) {
        if (error instanceof TallymanError) return error.code
        throw error
      }
    }

    /** Of others, that it knows of. */
    get knows(): readonly string[] {
      return this.claim.usage.flatMap(({ images }) => images)
    }
  }

  /** All of them look as often as they do. */
  async function pass(ms: number, ...all: readonly Installation[]): Promise<void> {
    for (let left = ms; left > 0; left -= lookMs) {
      await clock.advance(Math.min(left, lookMs))
      for (const each of all) await each.refresh()
    }
  }

  /** All of them begin at once. */
  async function settled(...all: readonly Installation[]): Promise<void> {
    await Promise.all(all.map((each) => each.refresh()))
    await pass(settleMs, ...all)
  }

  async function remove(tag: string): Promise<void> {
    const { digest } = await site.direct.headManifest(CLAIMS_REPOSITORY, tag)
    await site.direct.deleteManifest(CLAIMS_REPOSITORY, digest, {
      ...{ signal: new AbortController().signal, guard: async () => undefined, audit: () => undefined },
    })
  }

  async function emptied(): Promise<void> {
    for (const tag of await tagsThere()) await remove(tag)
  }

  async function tagsThere(): Promise<string[]> {
    try {
      return Object.keys(await site.tags(CLAIMS_REPOSITORY))
    } catch (error) {
      if (hasCode(error, 'REGISTRY_ABSENT')) return []
      throw error
    }
  }

  test('is held when it has stood for a while and was looked at again', async () => {
    const a = new Installation('a')
    expect(a.obstacle).toBe('CLAIM_LOST')
    await a.refresh()
    expect(a.obstacle).toBe('CLAIM_LOST')
    await pass(settleMs - 1, a)
    expect(a.obstacle).toBe('CLAIM_LOST')
    await pass(lookMs, a)
    expect(a.obstacle).toBeUndefined()
  })

  test('is not held any more when it was not looked at lately, by either clock', async () => {
    const a = new Installation('a')
    await settled(a)
    await clock.advance(heldMs)
    expect(a.obstacle).toBeUndefined()
    await clock.advance(1)
    expect(a.obstacle).toBe('CLAIM_LOST')
    await a.refresh()
    expect(a.obstacle).toBeUndefined()
    clock.jump(heldMs + 1)
    expect(a.obstacle).toBe('CLAIM_LOST')
  })

  test('that another installation left forbids deleting, however old it is, until somebody removes it', async () => {
    await new Installation('gone').refresh()
    const a = new Installation('a')
    await settled(a)
    await pass(3 * MINUTE, a)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
    await clock.advance(400 * 24 * 60 * MINUTE)
    await settled(a)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
    expect(() => a.claim.assertHeld()).toThrow(/tallyman-claims:gone.tallyman, written 400 d ago/)
    await remove(claimTag({ installation: 'gone', operator: 'tallyman' }))
    await pass(settleMs, a)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
    await pass(lookMs, a)
    expect(a.obstacle).toBeUndefined()
  })

  test('that a list leaves out counts as long as its tag is there', async () => {
    const [a, b] = [new Installation('a'), new Installation('b')]
    await settled(a, b)
    site.proxy.rule(
      {
        kind: 'status',
        status: 200,
        body: { name: CLAIMS_REPOSITORY, tags: [claimTag({ installation: 'a', operator: 'tallyman' })] },
      },
      { path: /\/tallyman-claims\/tags\/list/ },
    )
    b.usage = { images: ['b:2'] }
    for (let looks = 0; looks < 12; looks += 1) {
      await clock.advance(lookMs)
      await a.refresh(site.client)
      await b.refresh()
    }
    expect(a.knows).toEqual(['b:1', 'b:2'])
    expect(a.obstacle).toBeUndefined()
  })

  test('that answers 404 for a moment counts all the while', async () => {
    const [a, b] = [new Installation('a'), new Installation('b')]
    await settled(a, b)
    await remove('b.tallyman')
    await pass(settleMs, a)
    expect(a.knows).toEqual(['b:1'])
    await b.refresh()
    await pass(lookMs, a, b)
    await remove('b.tallyman')
    await pass(settleMs, a)
    expect(a.knows).toEqual(['b:1'])
    await pass(lookMs, a)
    expect(a.knows).toEqual([])
  })

  test('is held beside that of another installation that says what it uses, which then counts too', async () => {
    const [a, b] = [new Installation('a'), new Installation('b')]
    await settled(a, b)
    expect([a.obstacle, b.obstacle]).toEqual([undefined, undefined])
    expect([a.knows, b.knows]).toEqual([['b:1'], ['a:1']])
    b.usage = { images: ['b:2'], digests: [`sha256:${'0'.repeat(64)}`] }
    await pass(sharedMs + lookMs, a, b)
    expect(a.knows).toEqual(['b:1', 'b:2'])
    expect(a.claim.usage).toMatchObject([{ installation: 'b', digests: [`sha256:${'0'.repeat(64)}`] }])
  })

  test('gives what has not changed as the same object', async () => {
    const [a, b] = [new Installation('a'), new Installation('b')]
    await settled(a, b)
    const [before] = a.claim.usage
    await pass(sharedMs + lookMs, a, b)
    expect(b.discarded).toHaveLength(2)
    expect(a.claim.usage[0]).toBe(before)
  })

  test('is written again where the registry takes what another one is just uploading for a wrong digest', async () => {
    const a = new Installation('a')
    const refused = registryError(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
    const put = { method: 'PUT', path: /manifests/ } as const
    site.proxy.rule({ ...refused, times: 2 }, put)
    await a.refresh(site.client)
    await pass(settleMs, a)
    expect(a.obstacle).toBeUndefined()
    site.proxy.rule({ ...refused, times: 3 }, put)
    await expect(new Installation('b').refresh(site.client)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
    })
  })

  test.each([
    ['is not synced', { synced: false }],
    ['is not trusted', { trusted: false }],
  ])('of another installation that %s forbids deleting', async (_, usage) => {
    const [a, b] = [new Installation('a'), new Installation('b')]
    b.usage = usage
    await settled(a, b)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
    b.usage = {}
    await pass(sharedMs + lookMs, a, b)
    expect(a.obstacle).toBeUndefined()
    b.usage = usage
    await pass(sharedMs + lookMs, a, b)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
  })

  test('forbids deleting when what it says has become old since it was read', async () => {
    const [a, b] = [new Installation('a'), new Installation('b')]
    await settled(a, b)
    await pass(2 * MINUTE - lookMs, a)
    expect(a.obstacle).toBeUndefined()
    await pass(2 * lookMs, a)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
    // A plan keeps it all the same.
    expect(a.knows).toEqual(['b:1'])
  })

  test('of a clock that is ahead of ours, and what is no claim, forbid deleting', async () => {
    const a = new Installation('a')
    const b = new Installation('b')
    b.usage = { writtenAt: clock.now() + settleMs + 2 * MINUTE + 1000 }
    await b.refresh()
    await settled(a)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
    await remove('b.tallyman')
    site.storage.write(CLAIMS_REPOSITORY, containerImage({ seed: 'no claim' }), 'odd')
    await pass(settleMs + lookMs, a)
    expect(a.obstacle).toBe('CLAIM_FOREIGN')
  })

  test('of another operator of the same cluster forbids deleting, whatever it says', async () => {
    const [a, b] = [new Installation('a'), new Installation('a', 'other')]
    await settled(a, b)
    expect([a.obstacle, b.obstacle]).toEqual(['CLAIM_SECOND_OPERATOR', 'CLAIM_SECOND_OPERATOR'])
  })

  test('passes to the next process of the operator, which holds it when it has stood', async () => {
    const first = new Installation('a', 'tallyman', 'first')
    await settled(first)
    const next = new Installation('a', 'tallyman', 'next')
    await next.refresh()
    await pass(settleMs - lookMs, next)
    expect(next.obstacle).toBe('CLAIM_LOST')
    await pass(lookMs, next)
    expect([first.obstacle, next.obstacle]).toEqual(['CLAIM_LOST', undefined])
  })

  test('of two that take themselves for the same operator is held by neither, and both say so', async () => {
    const [first, twin] = [new Installation('a', 'x', 'first'), new Installation('a', 'x', 'twin')]
    await settled(first)
    await twin.refresh()
    await pass(5 * MINUTE, first, twin)
    expect([first.obstacle, twin.obstacle]).toEqual(['CLAIM_SECOND_OPERATOR', 'CLAIM_SECOND_OPERATOR'])
    await pass(settleMs + lookMs, first)
    expect(first.obstacle).toBeUndefined()
  })

  test('that was written while another one waited for its turn is not held by both', async () => {
    const [slow, twin] = [new Installation('a', 'x', 'slow'), new Installation('a', 'x', 'twin')]
    const held = site.proxy.hold({ method: 'PUT', path: /\/manifests\// })
    const writing = slow.refresh(site.client)
    await held.arrived
    await settled(twin)
    expect(twin.obstacle).toBeUndefined()
    held.release()
    await writing
    await pass(lookMs, slow, twin)
    expect([slow.obstacle, twin.obstacle]).toEqual(['CLAIM_LOST', 'CLAIM_SECOND_OPERATOR'])
  })

  test('is held by at most one of two twins, and by nobody who has not seen the other, in whatever order they come', async () => {
    const step = fc.record({ who: fc.nat(2), ms: fc.integer({ min: 1, max: lookMs }) })
    let held = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 30 }), async (steps) => {
        await emptied()
        const twins = [new Installation('a', 'x', 'one'), new Installation('a', 'x', 'two')]
        const other = new Installation('b')
        for (const { who, ms } of steps) {
          await clock.advance(ms)
          await [...twins, other][who]?.refresh()
          const holders = [...twins, other].filter(({ obstacle }) => obstacle === undefined)
          held += holders.length
          expect(holders.filter((each) => each !== other).length).toBeLessThan(2)
          if (holders.length === 2) for (const { knows } of holders) expect(knows).toHaveLength(1)
        }
      }),
      { numRuns: 6, seed: 1 },
    )
    expect(held).toBeGreaterThan(0)
  })

  test('that somebody removed is lost, and written again', async () => {
    const a = new Installation('a')
    await settled(a)
    await remove('a.tallyman')
    await pass(lookMs, a)
    expect(a.obstacle).toBe('CLAIM_LOST')
    expect(await tagsThere()).toEqual(['a.tallyman'])
    await pass(settleMs, a)
    expect(a.obstacle).toBeUndefined()
  })

  test('is not written by who does not lead', async () => {
    const a = new Installation('a')
    a.isLeading = false
    await expect(a.refresh()).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
    expect(await tagsThere()).toEqual([])
  })

  test('is written every ten minutes while nobody else has one, each time in place of the one before', async () => {
    const a = new Installation('a')
    await settled(a)
    await pass(aloneMs - settleMs - lookMs, a)
    expect(a.discarded).toEqual([])
    const { digest } = await site.direct.headManifest(CLAIMS_REPOSITORY, 'a.tallyman')
    await pass(lookMs, a)
    expect(a.discarded).toEqual([digest])
  })
})
