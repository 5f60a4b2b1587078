import { atOnce } from '#inventory/at-once.ts'
import type { RegistryFacts, TagFacts } from '#retention/facts.ts'
import { type Judgement, judge } from '#retention/judge.ts'
import { lostOutside } from '#retention/lost-outside.ts'
import { recall, withoutFirstSeen } from '#retention/registry-memory.ts'
import { bindingKey } from '#retention/removals.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import type { Verdict } from '#retention/verdict.ts'
import { intersect, plannedRemovals, soaked, soakWith } from '#test/harness/retention-at-once.ts'
import type { Dice } from '../../soak/dice.ts'
import { earlierScan } from './earlier-scan.ts'

/** What two plans in a row can be about, as far as a test wants to know that it came up. */
export const HISTORY_CASES = [
  'a moved tag waits for its soak',
  'a moved tag is not approved',
  'a tag that both plans name goes',
  'a tag is lost outside',
] as const
export type HistoryCase = (typeof HISTORY_CASES)[number]

const DAY = 86_400_000
const REGISTRY = { uid: 'uid-of-the-registry', url: 'https://r.example' }

/** A world of which an earlier plan was made, before some of its tags were moved. */
export class SecondPlan {
  /** As the second plan sees it: with what is remembered of the first scan. */
  readonly input: RetentionInput
  /** What is wrong with what is remembered. */
  readonly wrong: string[] = []
  readonly seen = new Set<HistoryCase>()
  readonly #scan: RegistryFacts
  readonly #before: Judgement
  readonly #beforeAt: number

  constructor(input: RetentionInput, dice: Dice) {
    const { facts, now } = input
    const gap = dice.between(1, 30) * DAY
    const scan = earlierScan(facts, facts.readAt - gap, dice)
    const first = atOnce(recall(undefined, scan, REGISTRY, new Map()))
    const second = atOnce(recall(first.memory, facts, REGISTRY, new Map()))
    this.#checkDates(scan, facts, second.facts)
    this.#beforeAt = now - gap
    this.#before = judge({ ...input, now: this.#beforeAt, facts: atOnce(withoutFirstSeen(first)) })
    const went = [...plannedRemovals(this.#before.repositories)]
    const lost = atOnce(lostOutside(first.memory, second.facts, went))
    const expected = lostBetween(scan, facts, new Set(went.map(keyOf)))
    if (lost.count !== expected.length || lost.first.some((each) => !expected.includes(keyOf(each))))
      this.wrong.push(`${lost.count} tags are lost outside, where ${expected.length} were expected`)
    if (lost.count > 0) this.seen.add('a tag is lost outside')
    // Without memory, a tag that was moved need not look young.
    const isForgotten = dice.chance(0.8)
    this.input = { ...input, facts: isForgotten ? facts : atOnce(withoutFirstSeen(second)) }
    this.#scan = scan
  }

  /** Parts of the second plan: what the first one approves, and what both say. */
  narrowed(judgement: Judgement): { readonly approved: Judgement; readonly soaked: Judgement } {
    const before = [...plannedRemovals(this.#before.repositories)]
    const approved = intersect(before, judgement)
    const actions = new Map(before.map((each) => [keyOf(each), each.action]))
    this.#check(judgement, approved, 'a moved tag is not approved', (key) => actions.has(key))
    const both = this.#soaked(judgement, this.input.now)
    const isSame = (key: string, action: Verdict['action']) => actions.get(key) === action
    this.#check(judgement, both, 'a moved tag waits for its soak', isSame)
    return { approved, soaked: both }
  }

  /** @param isAllowed whether what goes by the second plan may, by its binding and what the whole plan says */
  #check(
    whole: Judgement,
    part: Judgement,
    moved: HistoryCase,
    isAllowed: (key: string, action: Verdict['action']) => boolean,
  ): void {
    for (const [at, { name, verdicts }] of part.repositories.entries()) {
      const bindings = bindingsOf(this.#scan, name)
      for (const [position, { tag, digest, action }] of verdicts.entries()) {
        const before = whole.repositories[at]?.verdicts[position]?.action ?? 'keep'
        if (before === 'keep') continue
        const isMoved = bindings.has(tag) && bindings.get(tag) !== digest
        if (action === 'keep') {
          if (isMoved) this.seen.add(moved)
        } else if (isAllowed(bindingKey(name, tag, digest), before)) {
          this.seen.add('a tag that both plans name goes')
        } else this.wrong.push(`${name}:${tag} goes, and the plan before it did not say so`)
      }
    }
  }

  #soaked(judgement: Judgement, now: number): Judgement {
    const soak = soakWith(undefined, this.#before, 'mark', this.#beforeAt)
    return soaked(judgement, soakWith(soak, judgement, 'mark', now), DAY)
  }

  #checkDates(scan: RegistryFacts, facts: RegistryFacts, dated: RegistryFacts): void {
    const namedBefore = new Set(scan.repositories.flatMap(({ tags }) => tags.map(({ digest }) => digest)))
    for (const [at, { name, tags }] of facts.repositories.entries()) {
      const before = bindingsOf(scan, name)
      for (const [position, { tag, digest }] of tags.entries()) {
        if (digest === undefined) continue
        const bound = dated.repositories[at]?.tags[position]
        const boundSince = before.get(tag) === digest ? scan.readAt : facts.readAt
        const digestSince = namedBefore.has(digest) ? scan.readAt : facts.readAt
        if (bound?.boundSince !== boundSince)
          this.wrong.push(`${name}:${tag} is bound since ${bound?.boundSince}`)
        if (bound?.digestSince !== digestSince)
          this.wrong.push(`the digest of ${name}:${tag} is known since ${bound?.digestSince}`)
      }
    }
  }
}

/** What was seen and is not there, without having been to go; of what was read in full. */
function lostBetween(scan: RegistryFacts, facts: RegistryFacts, went: ReadonlySet<string>): string[] {
  return scan.repositories.flatMap(({ name, tags }) => {
    const now = facts.repositories.find((each) => each.name === name)
    if ((now ?? facts).incomplete !== undefined) return []
    const isThere = ({ tag }: TagFacts) => now?.tags.some((each) => each.tag === tag) === true
    return tags
      .filter((each) => each.digest !== undefined && !isThere(each))
      .map(({ tag, digest }) => bindingKey(name, tag, digest))
      .filter((key) => !went.has(key))
  })
}

function bindingsOf({ repositories }: RegistryFacts, name: string): Map<string, string | undefined> {
  const tags = repositories.find((each) => each.name === name)?.tags ?? []
  return new Map(tags.map(({ tag, digest }) => [tag, digest]))
}

interface Bound {
  readonly repository: string
  readonly tag: string
  readonly digest: string | undefined
}

function keyOf({ repository, tag, digest }: Bound): string {
  return bindingKey(repository, tag, digest)
}
