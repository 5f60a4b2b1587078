import { inUseIndex } from '#inventory/in-use-index.ts'
import { compilePins } from '#inventory/pins.ts'
import type { RememberedImage } from '#inventory/remembered.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import type { ManifestFacts, RegistryFacts, RepositoryFacts } from '#retention/facts.ts'
import { type Judgement, judge } from '#retention/judge.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import type { RetentionRule } from '#retention/rules.ts'
import { verdictText } from '#retention/verdict.ts'
import { DAY_MS, READ_AT, registryFacts } from './registry-facts.ts'

/** What the registry is called by pods. */
export const HOST = 'r.example'
/** The newest one of each repository stays, whether somebody uses it or not. */
export const NEWEST: RetentionRule = { name: 'newest', repositories: ['**'], keep: { newest: 1 } }

export interface Asked {
  readonly repositories: readonly RepositoryFacts[]
  readonly manifests: readonly ManifestFacts[]
  readonly facts?: Partial<RegistryFacts>
  readonly used?: readonly ImageUse[]
  readonly remembered?: readonly RememberedImage[]
  readonly pins?: readonly string[]
  readonly rules?: readonly RetentionRule[]
  readonly input?: Partial<RetentionInput>
}

/** A judgement by the rule NEWEST, where nothing is used, but for what is said. */
export function judged(asked: Asked): Judgement {
  const names = { host: HOST, aliases: [] }
  const { used = [], remembered = [], pins = [], rules = [NEWEST] } = asked
  return judge({
    facts: registryFacts(asked.repositories, asked.manifests, asked.facts),
    usage: inUseIndex({ snapshots: [{ images: used, remembered, pins: compilePins(pins) }] }, names),
    names,
    rules: compileRules(rules),
    now: READ_AT,
    workspaces: [],
    restored: [],
    unusedSince: { at: READ_AT - 31 * DAY_MS, isWatchStart: false },
    ...asked.input,
  })
}

/** What is said of every tag, by `repository:tag`. */
export function texts({ repositories }: Judgement): Record<string, string> {
  return Object.fromEntries(
    repositories.flatMap(({ name, verdicts }) =>
      verdicts.map((verdict) => [`${name}:${verdict.tag}`, verdictText(verdict)]),
    ),
  )
}

/** The same without words: the action and the code of the reason. */
export function codes({ repositories }: Judgement): Record<string, string> {
  return Object.fromEntries(
    repositories.flatMap(({ name, verdicts }) =>
      verdicts.map(({ tag, action, reason }) => [`${name}:${tag}`, `${action} ${reason.code}`]),
    ),
  )
}
