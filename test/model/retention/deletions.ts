import type { Eviction } from '#retention/eviction-of.ts'
import type { RepositoryFacts } from '#retention/facts.ts'
import type { JudgedRepository, Judgement } from '#retention/judge.ts'
import { type ManifestGraph, withAttached } from '#retention/manifest-graph.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { evictionsOf } from '#test/harness/retention-at-once.ts'
import type { Reference } from './reference.ts'

/** What a list of digests to delete can be about, as far as a test wants to know that it came up. */
export const DELETION_CASES = [
  'deletes a tagged digest',
  'takes a tag and leaves its digest',
  'deletes a child without a tag',
  'deletes a referrer without a tag',
  'leaves a digest for what has no tag',
] as const
export type DeletionCase = (typeof DELETION_CASES)[number]

const NONE: ReadonlySet<string> = new Set()

/**
 * What is carried out of a plan, whole or narrowed, held against what stays: no list may name anything that a tag that stays, or something in use, needs by any route; and it
 * names all that goes. Asks nothing of rules.
 */
export class Deletions {
  readonly wrong: string[] = []
  readonly seen = new Set<DeletionCase>()
  readonly #reference: Reference
  readonly #graph: ManifestGraph
  /** In any repository. */
  readonly gone = new Set<string>()
  readonly #stays = new Set<string>()

  constructor(judgement: Judgement, { facts }: RetentionInput, reference: Reference) {
    this.#reference = reference
    this.#graph = judgement.parts.graph
    const evictions = new Map(evictionsOf(judgement).map((eviction) => [eviction.repository, eviction]))
    for (const { digests } of evictions.values()) for (const digest of digests) this.gone.add(digest)
    for (const [at, repository] of facts.repositories.entries())
      this.#check(repository, judgement.repositories[at], evictions.get(repository.name))
    if (this.gone.size > 0) this.#checkBases()
  }

  #check(
    { name, tags, untagged }: RepositoryFacts,
    judged: JudgedRepository | undefined,
    eviction: Eviction | undefined,
  ): void {
    const say = (what: string) => this.wrong.push(`${name}: ${what}`)
    const going = judged?.verdicts.filter(({ action }) => action !== 'keep') ?? []
    if (judged?.name !== name) say('it was not judged')
    if (eviction === undefined) {
      if (going.length > 0) say('something goes, and nothing is carried out')
      this.#checkLinks(new Set(tags.map(({ digest }) => digest ?? '')), NONE, say)
      return
    }
    const { bindings, digests } = eviction
    if (!areSame(bindings, going)) say('other tags go than the plan says')
    if (!isList(eviction.tags.keys(), tags)) say('it has other tags')
    const doomed = new Set(bindings.map(({ tag }) => tag))
    const gone = new Set(digests)
    const there = new Set([...tags.map(({ digest }) => digest ?? ''), ...untagged])
    for (const digest of gone) if (!there.has(digest)) say(`${digest} is not there`)
    const { used } = this.#reference
    const staying = new Set(tags.flatMap(({ tag, digest }) => (doomed.has(tag) ? [] : [digest ?? ''])))
    for (const digest of there) if (used.has(digest)) staying.add(digest)
    this.#checkLinks(staying, gone, say)
    const evicted = new Set(going.flatMap(({ action, digest }) => (action === 'evict' ? [digest ?? ''] : [])))
    const attached = withAttached(this.#graph, evicted)
    const held = new Set(untagged.filter((digest) => !attached.has(digest)))
    for (const digest of held) {
      if (gone.has(digest) && !attached.has(digest))
        say(`${digest} has nothing to do with what goes, and is deleted`)
      for (const child of this.#graph.children(digest)) {
        if (gone.has(child)) say(`${digest} loses ${child}`)
        held.add(child)
      }
    }
    const left = [...evicted].filter((digest) => !gone.has(digest))
    for (const digest of left) if (!held.has(digest)) say(`${digest} goes by the plan, and is not deleted`)
    if (evicted.size > left.length) this.seen.add('deletes a tagged digest')
    if (left.length > 0) this.seen.add('leaves a digest for what has no tag')
    if (going.some(({ action }) => action === 'untag')) this.seen.add('takes a tag and leaves its digest')
    for (const digest of untagged) if (gone.has(digest)) this.#enterUntagged(digest, gone)
  }

  /** Of what stays, all that it needs does, and what that needs; and of what is in use, every index that holds it. */
  #checkLinks(staying: Set<string>, gone: ReadonlySet<string>, say: (what: string) => void): void {
    // Where no repository loses anything, nothing that stays can.
    if (this.gone.size === 0) return
    const { edgesFrom, used } = this.#reference
    // A set is walked over what is added meanwhile too.
    for (const digest of staying) {
      if (gone.has(digest)) say(`${digest} stays, and is deleted`)
      this.#stays.add(digest)
      for (const { to, code } of edgesFrom.get(digest) ?? []) {
        if (code !== 'Holds') staying.add(to)
        else if (used.has(digest) && gone.has(to)) say(`${digest} is in use, and loses its index ${to}`)
      }
    }
  }

  /** What stays in one repository holds its base in all. */
  #checkBases(): void {
    const { basesFrom, used } = this.#reference
    for (const digest of used) this.#stays.add(digest)
    for (const digest of this.#stays)
      for (const { to } of basesFrom.get(digest) ?? [])
        if (this.gone.has(to)) this.wrong.push(`${digest} stays, and loses its base ${to}`)
  }

  #enterUntagged(digest: string, gone: ReadonlySet<string>): void {
    if (this.#graph.holders(digest).some((each) => gone.has(each)))
      this.seen.add('deletes a child without a tag')
    if (this.#graph.subjects(digest).some((each) => gone.has(each)))
      this.seen.add('deletes a referrer without a tag')
  }
}

interface Bound {
  readonly tag: string
  readonly digest: string | undefined
}

function areSame(some: readonly Bound[], others: readonly Bound[]): boolean {
  const isSame = ({ tag, digest }: Bound, at: number) =>
    others[at]?.tag === tag && others[at].digest === digest
  return some.length === others.length && some.every(isSame)
}

function isList(names: Iterable<string>, tags: readonly Bound[]): boolean {
  let at = 0
  for (const name of names) {
    if (tags[at]?.tag !== name) return false
    at += 1
  }
  return at === tags.length
}
