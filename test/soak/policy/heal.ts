import { z } from 'zod'
import { ForeignClientError, foreignClient } from '#test/harness/foreign.ts'
import { openJournals } from '#test/harness/open-intents.ts'
import { pullProblem } from '#test/harness/pull.ts'
import { machineTime } from '../machine-time.ts'
import { pause } from '../pause.ts'
import type { Ci } from './ci.ts'
import type { Human } from './human.ts'
import { lookAt } from './look.ts'
import { keyOf, type Oracle } from './oracle.ts'
import { PREFIX, type Shop } from './shop.ts'

const LIMIT_MS = 300_000
const LOOK_MS = 1_000

const Tags = z.object({ tags: z.array(z.string()).nullish() })

export interface HealScene {
  readonly shops: readonly Shop[]
  readonly cis: readonly Ci[]
  readonly oracle: Oracle
  readonly human: Human
  readonly signal: AbortSignal
}

/** Nothing is wrong and nothing changes any more: the policies have to come to rest, with everything in order. @returns what is not */
export async function heal(scene: HealScene): Promise<string | undefined> {
  const begun = machineTime()
  for (;;) {
    const problem = await wrong(scene)
    if (problem === undefined || scene.signal.aborted) return undefined
    if (machineTime() - begun > LIMIT_MS) return `After ${LIMIT_MS / 1_000} s without a fault: ${problem}`
    await pause(LOOK_MS, scene.signal)
  }
}

async function wrong({ shops, cis, oracle, human }: HealScene): Promise<string | undefined> {
  for (const { name } of shops) {
    const { status } = await human.look(name)
    const { plan, run } = status ?? {}
    if (run !== undefined && run.finishedAt === undefined)
      return `${name}: a run is open: ${run.phase} ${run.message ?? ''}`
    if (plan === undefined) return `${name}: there is no plan`
    const going = plan.evict + plan.untag
    if (going > 0) return `${name}: ${going} tags are still to go`
  }
  const seen = await lookAt(shops, oracle.inUse, () => true)
  if (seen === undefined) return 'a registry does not answer'
  const missing = seen.filter(({ problem }) => problem !== undefined)
  if (missing.length > 0) {
    const some = missing.slice(0, 3).map(({ used, problem }) => `${keyOf(used)}: ${problem}`)
    return `${missing.length} images in use do not pull, such as ${some.join('; ')}`
  }
  for (const { kept } of cis) {
    for (const used of [...kept.values()].flat()) {
      const shop = shops.find(({ name }) => name === used.shop)
      const problem = shop && (await pullProblem(shop.server.wire, used.repository, used.reference))
      if (problem !== undefined) return `a rule keeps ${keyOf(used)}: ${problem}`
    }
  }
  for (const shop of shops) {
    const problem = (await broken(shop)) ?? (await openIn(shop)) ?? (await byOthers(shop, oracle))
    if (problem !== undefined) return `${shop.name}: ${problem}`
  }
  return undefined
}

/** A tag that is listed and does not pull, or names a placeholder. */
async function broken({ server, repositories }: Shop): Promise<string | undefined> {
  for (const repository of repositories) {
    const { body } = await server.wire.send({ path: `/v2/${repository}/tags/list` })
    for (const tag of Tags.parse(JSON.parse(body.toString('utf8'))).tags ?? []) {
      const problem = await pullProblem(server.wire, repository, tag)
      if (problem !== undefined) return `${repository}:${tag} is listed: ${problem}`
    }
  }
  return undefined
}

async function openIn({ server }: Shop): Promise<string | undefined> {
  const open = await openJournals(server.wire, PREFIX)
  return open.length === 0 ? undefined : `journals with open intents: ${open.join(', ')}`
}

async function byOthers({ name, server }: Shop, oracle: Oracle): Promise<string | undefined> {
  const skopeo = await foreignClient('skopeo', server)
  try {
    for (const used of oracle.inUse.filter(({ shop }) => shop === name)) {
      const at = used.reference.startsWith('sha256:') ? '@' : ':'
      await skopeo.pull(`${server.host}/${used.repository}${at}${used.reference}`)
    }
    return undefined
  } catch (error) {
    if (error instanceof ForeignClientError) return error.message
    throw error
  } finally {
    await skopeo.close()
  }
}
