import { expect, test } from 'vitest'
import { evictionsOf } from '#retention/eviction-of.ts'
import { judge } from '#retention/judge.ts'
import { withAttached } from '#retention/manifest-graph.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { Dice } from '../../soak/dice.ts'
import { Reference } from './reference.ts'
import { randomWorld } from './world.ts'

/** With fewer, what is rare does not come up. */
const WORLDS = Math.max(2_000, Number(process.env.TALLYMAN_WORLDS ?? 0) / 50)
const SEED = Number(process.env.TALLYMAN_SEED ?? 6)
/** Of what stays for itself or is in use, all of which it needs. */
const LINKS = ['PartOf', 'BelongsTo', 'SubjectOf'] as const

test('S06, S09: whatever is carried out of a plan, what stays keeps all that it needs', () => {
  const seen = { evicted: 0, untaggedOnly: 0, children: 0, referrers: 0, leftForOthers: 0 }
  for (let seed = 0; seed < WORLDS; seed += 1) {
    const input = randomWorld(new Dice(seededRandom(SEED * 1_000_003 + seed)))
    expect(harm(input, seen), `world ${seed} of seed ${SEED}`).toEqual([])
  }
  expect(Object.entries(seen).filter(([, times]) => times < WORLDS / 1_000)).toEqual([])
}, 300_000)

function harm(input: RetentionInput, seen: Record<string, number>): string[] {
  const judgement = judge(input)
  const evictions = new Map(evictionsOf(judgement).map((eviction) => [eviction.repository, eviction]))
  const { edges, used } = new Reference(input)
  const wrong: string[] = []
  for (const [at, { name, tags, untagged }] of input.facts.repositories.entries()) {
    const say = (what: string) => wrong.push(`${name}: ${what}`)
    const verdicts = judgement.repositories[at]?.verdicts ?? []
    const going = verdicts.filter(({ action }) => action !== 'keep')
    const eviction = evictions.get(name)
    if (eviction === undefined) {
      if (going.length > 0) say('something goes, and nothing is carried out')
      continue
    }
    const { graph } = judgement.parts
    const doomed = new Set(eviction.bindings.map(({ tag }) => tag))
    expect(eviction.bindings).toEqual(going.map(({ tag, digest }) => ({ tag, digest })))
    expect([...eviction.tags.keys()]).toEqual(tags.map(({ tag }) => tag))
    const there = new Set([...tags.map(({ digest }) => digest ?? ''), ...untagged])
    const gone = new Set(eviction.digests)
    for (const digest of gone) if (!there.has(digest)) say(`${digest} is not there`)
    const staying = new Set(tags.flatMap(({ tag, digest }) => (doomed.has(tag) ? [] : [digest ?? ''])))
    for (const digest of there) if (used.has(digest)) staying.add(digest)
    for (const digest of staying) if (gone.has(digest)) say(`${digest} stays, and is deleted`)
    for (const { from, to, code } of edges) {
      if (!staying.has(from) || !gone.has(to)) continue
      if (LINKS.some((link) => link === code)) say(`${from} stays and loses ${to} (${code})`)
      if (code === 'Holds' && used.has(from)) say(`${from} is in use, and loses its index ${to}`)
    }
    const evicted = new Set(going.flatMap(({ action, digest }) => (action === 'evict' ? [digest ?? ''] : [])))
    const attached = withAttached(graph, evicted)
    for (const digest of untagged) {
      if (attached.has(digest)) continue
      if (gone.has(digest)) say(`${digest} has nothing to do with what goes, and is deleted`)
      for (const child of graph.children(digest)) if (gone.has(child)) say(`${digest} loses ${child}`)
    }
    const isUntagged = new Set(untagged)
    const left = [...evicted].filter((digest) => !gone.has(digest))
    const held = new Set(untagged.filter((digest) => !attached.has(digest)))
    for (const digest of held) for (const child of graph.children(digest)) held.add(child)
    for (const digest of left) if (!held.has(digest)) say(`${digest} goes by the plan, and is not deleted`)
    if (evicted.size > 0) seen.evicted = (seen.evicted ?? 0) + 1
    if (going.some(({ action }) => action === 'untag')) seen.untaggedOnly = (seen.untaggedOnly ?? 0) + 1
    if (left.length > 0) seen.leftForOthers = (seen.leftForOthers ?? 0) + 1
    const extra = eviction.digests.filter((digest) => isUntagged.has(digest))
    if (extra.some((digest) => graph.holders(digest).some((it) => gone.has(it))))
      seen.children = (seen.children ?? 0) + 1
    if (extra.some((digest) => graph.subjects(digest).some((it) => gone.has(it))))
      seen.referrers = (seen.referrers ?? 0) + 1
  }
  return wrong
}
