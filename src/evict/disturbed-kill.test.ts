import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { DOOMED_DIGESTS, DOOMED_TAGS, IMAGES, TAGS } from '#test/harness/disturbance/images.ts'
import { Meanwhile } from '#test/harness/disturbance/meanwhile.ts'
import { Others } from '#test/harness/disturbance/others.ts'
import { type Disturbance, drawDisturbances } from '#test/harness/disturbance/plan.ts'
import { Undo } from '#test/harness/disturbance/undo.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { executeOn } from '#test/harness/execution.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import type { RequestMatch } from '#test/harness/fault-proxy.ts'
import { digestsOf } from '#test/harness/images/samples.ts'
import type { TestImage } from '#test/harness/images.ts'
import { standingManifests } from '#test/harness/standing-manifests.ts'
import { Dice } from '#test/soak/dice.ts'
import type { ExecutionEnd, ExecutionSite } from './execution.ts'
import { journalRepository } from './journal-artifact.ts'
import { trashTag } from './trash-place.ts'
import { unfinishedRuns } from './workspace-journal.ts'

/** `make soak PART=kills` draws another one for each round. */
const SEED = Number(process.env.TALLYMAN_SEED ?? 1)
/** Worlds at once: each waits for its own requests most of the time. */
const AT_ONCE = 12
/** Somebody reads what a run tells, answers, and it goes on. */
const MOST_LIVES = 4
const SLOW_MS = 1_800_000

/** How a process dies at its n-th request. */
interface Death {
  readonly name: string
  /** The requests that are counted. */
  readonly match: Pick<RequestMatch, 'method'>
  readonly isCarriedOut: boolean
}
const DEATHS: readonly Death[] = [
  { name: 'before that arrived', match: {}, isCarriedOut: false },
  // Whether a read was carried out makes no difference to anybody.
  { name: 'when that had written', match: { method: ['POST', 'PUT', 'DELETE'] }, isCarriedOut: true },
]

const ROWS = [
  ['2.8', 'Delete'],
  ['2.8', 'Trash'],
  ['3', 'Delete'],
  ['3', 'Trash'],
] as const

/** What was brought back, or moved onto what goes, went with a DELETE that was on its way: everything that the run took is back, and a human looks. */
const isHarmed = ({ stoppedBy }: ExecutionEnd) => stoppedBy?.code === 'EVICTION_HARMED'
const isOver = (end: ExecutionEnd) => end.phase === 'Succeeded' || isHarmed(end)
const messagesOf = ({ stoppedBy, problems }: ExecutionEnd) =>
  [stoppedBy, ...problems.map(({ error }) => error)].flatMap((error) => error?.message ?? [])

const PLANNED: ReadonlyMap<string, TestImage> = new Map(Object.entries(TAGS))
const digest = ({ manifest }: TestImage) => manifest.digest

describe.each(ROWS)('S16: a run on %s, %s, while others push, move and use images', (version, onEvict) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  /** As often as it takes: a copy is old enough at once. */
  async function run(repository: string, more: Partial<ExecutionSite>): Promise<ExecutionEnd> {
    const evictions = [evictionOf(repository, TAGS, DOOMED_TAGS)]
    const options = { site: more, onEvict, gcWindowMs: 0 }
    const first = await executeOn(site, evictions, options)
    return first.end.phase === 'WaitingForGarbageCollection'
      ? (await executeOn(site, evictions, options)).end
      : first.end
  }

  /** What others did stands, what is used pulls, and the rest is as after a run that nobody disturbed. */
  async function assertEnd(repository: string, others: Others): Promise<void> {
    const { tags, mayStay, running, touched } = others.expected.end()
    const isSpared = (tag: string, named: string | undefined) =>
      !tags.has(tag) && mayStay.has(tag) && named === PLANNED.get(tag)?.manifest.digest
    const found = Object.entries(await site.tags(repository)).filter((each) => !isSpared(...each))
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries([...tags].map(([tag, image]) => [tag, digest(image)])),
    )
    for (const [tag, image] of tags) await pulls(`${repository}:${tag}`, image)
    const pulled = new Set([...tags.values()].map(digest))
    for (const image of running)
      if (!pulled.has(digest(image))) await pulls(`${repository}@${digest(image)}`, image)

    const going = DOOMED_DIGESTS.filter((each) => !touched.has(each))
    const standing = standingManifests(site.registry.storageDir, repository)
    expect(standing.filter((each) => going.includes(each))).toEqual([])
    expect(standing).toEqual(expect.arrayContaining([IMAGES.kept, IMAGES.stable, IMAGES.spare].map(digest)))
    if (onEvict === 'Trash') {
      const copies = await site.tags(`tallyman/trash/${repository}/1`)
      expect(copies).toMatchObject(Object.fromEntries(going.map((each) => [trashTag(each), each])))
    }
    const workspaceRepository = journalRepository('tallyman', repository)
    expect(await unfinishedRuns({ client: site.direct, workspaceRepository, repository }, {})).toEqual([])
  }

  async function pulls(reference: string, image: TestImage): Promise<void> {
    expect([...(await site.pull(reference))]).toEqual(expect.arrayContaining([...digestsOf(image)]))
  }

  function breakAt(n: number, counted: RequestMatch, isCarriedOut: boolean, onStrike: () => void) {
    if (!isCarriedOut)
      return [site.proxy.rule({ kind: 'cut', at: 'request', onStrike }, { ...counted, from: n })]
    return [
      site.proxy.rule({ kind: 'drop', times: 1, onStrike }, { ...counted, nth: n }),
      site.proxy.rule({ kind: 'cut', at: 'request' }, { ...counted, from: n + 1 }),
    ]
  }

  /** A run that dies at its n-th request, what is done to its repository meanwhile, and what the next process makes of it. */
  async function dieAt(
    { match, isCarriedOut }: Death,
    n: number,
    world: string,
    disturbances: readonly Disturbance[],
  ) {
    const repository = `${world}/shop`
    const others = new Others(site, repository)
    const undo = new Undo(site, { repository, run: 'run', usage: () => others.expected.usage })
    const looks: Promise<unknown>[] = []
    const counted = { ...match, path: new RegExp(`/${world}/`) }
    const meanwhile = new Meanwhile(site.proxy, counted, disturbances, async ({ deed, undo: when }) => {
      await others.do(deed)
      if (when === 'later') return
      // What cannot be brought back yet, is when everything is over.
      const look = undo.look().catch((error: unknown) => expect(error).toBeInstanceOf(TallymanError))
      looks.push(look)
      if (when === 'first') await look
    })
    const dying = new AbortController()
    const mended = breakAt(n, counted, isCarriedOut, () =>
      dying.abort(new TallymanError('CANCELLED', 'killed')),
    )
    let end = await run(repository, { ...others.watch(), signal: dying.signal })
    for (const mend of mended) mend()
    await meanwhile.dead()

    const again: string[] = []
    for (let lives = 1; lives <= MOST_LIVES && !isOver(end); lives += 1) {
      again.push(...(await others.answer(messagesOf(end))))
      end = await run(repository, others.watch())
    }
    again.push(...(await others.answer(messagesOf(end))))
    if (isHarmed(end)) others.expected.takenBack()
    else expect([end.phase, end.stoppedBy, end.problems]).toEqual(['Succeeded', undefined, []])
    await Promise.all(looks)
    const failed = (await undo.look()).filter(({ outcome }) => outcome === 'Failed')
    expect(failed).toEqual([])
    const gaps = await others.forgetGaps()
    await assertEnd(repository, others)
    return { isStruck: dying.signal.aborted, again, gaps, isHarmed: isHarmed(end) }
  }

  test('undisturbed', async () => {
    const others = new Others(site, 'undisturbed/shop')
    expect(await run('undisturbed/shop', others.watch())).toMatchObject({ phase: 'Succeeded' })
    await assertEnd('undisturbed/shop', others)
  })

  test.each(DEATHS)(
    `killed at its n-th request, $name, for every n, with TALLYMAN_SEED=${SEED}`,
    async (death) => {
      const { match, isCarriedOut } = death
      const place = isCarriedOut ? 'after' : 'before'
      const counter = site.proxy.counter({ ...match, path: new RegExp(`/${place}/count/`) })
      await run(`${place}/count/shop`, new Others(site, `${place}/count/shop`).watch())
      const requests = counter.count
      const numbers = Array.from({ length: requests }, (_, index) => index + 1).values()
      const ended = { struck: 0, again: 0, gaps: 0, harmed: 0 }
      const worker = async () => {
        for (const n of numbers) {
          const disturbances = drawDisturbances(new Dice(seededRandom(SEED * 4_096 + n)), n)
          try {
            const end = await dieAt(death, n, `${place}/n${n}`, disturbances)
            if (end.isStruck) ended.struck += 1
            if (end.isHarmed) ended.harmed += 1
            if (end.isHarmed) expect(disturbances.some(({ at }) => at !== 'dead')).toBe(true)
            ended.again += end.again.length
            ended.gaps += end.gaps.length
          } catch (error) {
            throw new Error(`n=${n}, ${JSON.stringify(disturbances)}: ${error}`, { cause: error })
          }
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      // A run that somebody's disturbance has ended before dies of nothing.
      expect(ended.struck).toBeGreaterThan(requests * 0.7)
      expect(ended.gaps + ended.harmed).toBeLessThan(requests * 0.25)
    },
    SLOW_MS,
  )
})
