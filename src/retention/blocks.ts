import { counted } from '#catalogue/counted.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { LARGEST_SKEW_MS } from '#inventory/trust/distrust.ts'
import { LARGEST_UNRESOLVED_SHARE, resolution, unresolvedText } from '#inventory/unresolved.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import type { ReplacedLedger } from '#retention/known-ledgers.ts'
import { type EvictionLimits, evictionPercent } from '#retention/limits.ts'
import type { Plan } from '#retention/plan.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'
import { removals } from '#retention/removals.ts'
import { resolves } from '#retention/resolves.ts'
import { Pace } from '#time/pace.ts'

/** Why nothing of a plan may be carried out, whatever it says. */
export interface Block {
  readonly code: BlockCode
  /** What is wrong, with figures. */
  readonly message: string
  /** A human who approves the plan accepts it. */
  readonly isAcceptable: boolean
  /** Only of one that was made since, ms since the epoch; undefined: of any. */
  readonly madeSince?: number | undefined
}

/** Of what stands against a plan, what its approval does not accept. @param madeAt when the plan was made that was approved, or the run began, ms since the epoch */
export function unaccepted(against: readonly Block[], madeAt: number): Block[] {
  return against.filter(({ isAcceptable, madeSince = 0 }) => !isAcceptable || madeAt < madeSince)
}

export type BlockCode =
  | 'ClockSkew'
  | 'NoInventory'
  | 'NotSynced'
  | 'NotTrusted'
  | 'InventoryRemoved'
  | 'InventoryOutdated'
  | 'RetainsTooLittle'
  | 'CoverageTooShort'
  | 'LedgerLost'
  | 'ReferencesUnresolved'
  | 'TooFewInUse'
  | 'BindingsUnknown'
  | 'TooManyEvictions'
  | 'WorkspaceRequired'
  | 'WorkspaceShared'
  | 'RecordUnreadable'
  | 'ClaimNotHeld'
  | 'TooManyToWatch'

export interface BlockInput {
  /** All of the operator (S01). */
  readonly inventories: readonly PlannedInventory[]
  /** The ledgers that replace what earlier plans were made with. */
  readonly replaced: readonly ReplacedLedger[]
  readonly rules: readonly CompiledRule[]
  readonly names: RegistryNames
  /** Without `boundSince` where no scan has seen a binding begin. */
  readonly facts: RegistryFacts
  /** When the first scan was made, ms since the epoch; undefined: no earlier one is remembered. */
  readonly firstScanAt: number | undefined
  readonly plan: Pick<Plan, 'summary' | 'repositories'>
  readonly limits: EvictionLimits
  /** Distinct used images that the registry has to have; where fewer are seen, something is wrong with what is seen (S06). */
  readonly leastInUse: number
  /** What other installations claim of the registry (S01). */
  readonly claims: readonly UsageClaim[]
  /** By how many ms the clock of the registry is ahead of ours; undefined: it did not say (S02). */
  readonly registrySkewMs: number | undefined
  /** ms since the epoch. */
  readonly now: number
  /** How old the barrier of a snapshot may be for a plan, ms (S03). */
  readonly maxInventoryAgeMs: number
}

/** In steps. Empty: nothing stands against it but what is asked right before each request. */
export function* blocks(input: BlockInput): Generator<undefined, Block[]> {
  const { inventories } = input
  if (inventories.length === 0) {
    return [block('NoInventory', 'no ImageInventory says what is in use')]
  }
  return [
    ...clockBlocks(input),
    ...claimBlocks(input),
    ...inventories.flatMap((inventory) => inventoryBlocks(inventory, input)),
    ...input.replaced.map(ledgerBlock),
    ...referenceBlocks(input),
    ...(yield* bindingBlocks(input)),
    ...limitBlocks(input),
  ]
}

/** When something was pushed or built, and how old a claim is, is known by other clocks than ours (S02). */
function clockBlocks({ registrySkewMs = 0 }: BlockInput): Block[] {
  if (Math.abs(registrySkewMs) <= LARGEST_SKEW_MS) return []
  const by = `${Math.round(Math.abs(registrySkewMs) / 1000)} s`
  const message = `the clock of the registry is ${by} ${registrySkewMs > 0 ? 'ahead of' : 'behind'} ours`
  return [block('ClockSkew', `${message}: set both by NTP`)]
}

/** Another installation has to have watched for as long as ours. */
function claimBlocks({ claims, rules, now }: BlockInput): Block[] {
  return claims.flatMap(({ installation, coveredSince }) => {
    const coveredMs = coveredSince === undefined ? 0 : now - coveredSince
    return rules
      .filter(({ inUseWithinMs = 0 }) => inUseWithinMs > coveredMs)
      .map(({ name, inUseWithinMs = 0 }) => {
        const message = `rule ${name} asks for use within ${longText(inUseWithinMs)}, and the installation ${installation} has watched for ${longText(coveredMs)} without a gap`
        return block('CoverageTooShort', message, true)
      })
  })
}

function inventoryBlocks({ name, snapshot, retainMs }: PlannedInventory, input: BlockInput): Block[] {
  const { rules, now, maxInventoryAgeMs } = input
  const { synced, notSynced, trusted, distrusts, barrier, coveredMs = 0 } = snapshot
  if (!synced) return [block('NotSynced', `${name}: ${notSynced.join('; ')}`)]
  const found: Block[] = []
  if (!trusted) {
    found.push(block('NotTrusted', `${name}: ${distrusts.map(({ message }) => message).join('; ')}`))
  }
  if (barrier === undefined || now - barrier.wall > maxInventoryAgeMs) {
    found.push(block('InventoryOutdated', `${name} is not known to be complete up to now`))
  }
  for (const { name: rule, inUseWithinMs = 0 } of rules) {
    if (inUseWithinMs > retainMs) {
      const message = `rule ${rule} asks for use within ${longText(inUseWithinMs)}, and ${name} remembers ${longText(retainMs)}`
      found.push(block('RetainsTooLittle', message))
    } else if (inUseWithinMs > coveredMs) {
      const message = `rule ${rule} asks for use within ${longText(inUseWithinMs)}, and ${name} has watched for ${longText(coveredMs)} without a gap`
      found.push(block('CoverageTooShort', message, true))
    }
  }
  return found
}

function ledgerBlock({ name, since, noticedAt }: ReplacedLedger): Block {
  const began = new Date(since).toISOString()
  const message = `what ${name} remembered of use was lost: its ledger is another one, begun at ${began}. Put the ConfigMaps of the old one back, or approve a plan that was made without it`
  return { ...block('LedgerLost', message, true), madeSince: noticedAt }
}

function referenceBlocks({ inventories, names, facts, leastInUse }: BlockInput): Block[] {
  const images = inventories.flatMap(({ snapshot }) => snapshot.images)
  const known = resolution(images, names, resolves(facts))
  const { resolved, unresolvedShare } = known
  const found: Block[] = []
  if (unresolvedShare > LARGEST_UNRESOLVED_SHARE) {
    found.push(block('ReferencesUnresolved', unresolvedText(known)))
  }
  if (resolved < leastInUse) {
    found.push(
      block(
        'TooFewInUse',
        `${counted(resolved, 'image')} of the registry ${resolved === 1 ? 'is' : 'are'} in use, and limits.minImagesInUse expects ${leastInUse}`,
      ),
    )
  }
  return found
}

/**
 * Without a memory of earlier scans, an old image that was promoted a minute ago looks old (S10). After as long as its rule keeps what is young, it makes no difference any more
 * when what the first scan saw began.
 */
function* bindingBlocks(input: BlockInput): Generator<undefined, Block[]> {
  const { facts, plan, rules, firstScanAt, now } = input
  const pace = new Pace()
  const unknown = new Set<string>()
  for (const { name, tags } of facts.repositories) {
    for (const { tag, boundSince } of tags) {
      if (boundSince === undefined) unknown.add(`${name}:${tag}`)
      if (pace.isTurnOver()) yield
    }
  }
  if (unknown.size === 0) return []
  const young = new Map(rules.map(({ name, youngerThanMs }) => [name, youngerThanMs]))
  const watchedMs = firstScanAt === undefined ? 0 : now - firstScanAt
  for (const { repository, verdict } of removals(plan.repositories)) {
    if (pace.isTurnOver()) yield
    const image = `${repository}:${verdict.tag}`
    const youngMs = young.get(verdict.rule ?? '') ?? Number.POSITIVE_INFINITY
    if (!unknown.has(image) || watchedMs >= youngMs) continue
    const message = `nobody remembers since when ${image} is what it is, and its rule keeps what became so within ${longText(youngMs)}`
    return [block('BindingsUnknown', message, true)]
  }
  return []
}

function limitBlocks({ plan: { summary }, limits: { maxEvictionPercent } }: BlockInput): Block[] {
  const percent = evictionPercent(summary)
  if (maxEvictionPercent === undefined || percent <= maxEvictionPercent) return []
  const message = `${summary.evict + summary.untag} of ${counted(summary.tags, 'tag')} would go, more than ${maxEvictionPercent} %`
  return [block('TooManyEvictions', message, true)]
}

/** In full hours, or what is shorter in full minutes or seconds; rounded down. */
function longText(ms: number): string {
  if (ms >= 3_600_000) return `${Math.floor(ms / 3_600_000)} h`
  return ms >= 60_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 1_000)} s`
}

function block(code: BlockCode, message: string, isAcceptable = false): Block {
  return { code, message, isAcceptable }
}
