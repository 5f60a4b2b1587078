import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import type { PodPullEvidence } from '#health/evidence.ts'
import type { Finding } from '#health/finding.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { ImageUse, InventorySnapshot } from '#inventory/snapshot.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { ImageTarget } from '#scan/image-scan.ts'
import { ProofMemory } from '#scan/proof-memory.ts'
import type { Clock } from '#time/clock.ts'

/** What one lap leaves to the next. */
export interface LapMemory {
  readonly proofs: ProofMemory
  /**
   * What the last lap found wrong, by image as workloads write it; nothing that harms nobody. Without findings: all that is known is
   * that something was.
   */
  readonly found: ReadonlyMap<string, readonly Finding[]>
}

/** @param suspects images that an earlier process found something wrong with */
export function emptyMemory(clock: Clock, suspects: readonly string[] = []): LapMemory {
  return { proofs: new ProofMemory(clock), found: new Map(suspects.map((image) => [image, []])) }
}

/** What is looked at, and how closely: the fields of a RegistryCheck that say so. */
export type LapSpec = Pick<
  RegistryCheckSpec,
  'scope' | 'select' | 'depth' | 'content' | 'platforms' | 'evidenceMaxAge' | 'severity' | 'ignore'
> &
  Partial<Pick<RegistryCheckSpec, 'referrers' | 'referrerSeverity'>>

/** Is told how far a lap is. */
export interface LapProgress {
  /** So many more images are to be looked at. */
  found(images: number): void
  /** One of them was. */
  looked(): void
}

export interface LapInput {
  readonly client: RegistryClient
  readonly names: RegistryNames
  readonly snapshot: InventorySnapshot
  readonly spec: LapSpec
  /** What the repositories begin with that are our own: scope All leaves them out. What pods pull is looked at wherever it lies. */
  readonly workspaces?: readonly string[] | undefined
  /** What scope All looks through; absent: what the registry lists, which not every registry does. */
  readonly repositories?: readonly string[] | undefined
  /** It is a pull-through cache: HEAD alone (S23). */
  readonly pullThrough: boolean
  readonly concurrency: number
  readonly memory: LapMemory
  /** Tries an image as its pods would; absent: nobody asks for that. */
  readonly asPods?: ((use: ImageUse, target: ImageTarget) => Promise<PodPullEvidence | undefined>) | undefined
  /** Nothing that earlier laps have proven counts: somebody asks what is true now. */
  readonly provesAnew: boolean
  /** Time until the next lap, ms; Infinity: there is none, and everything is proven now. */
  readonly untilNextLapMs: number
  /** How long content may be read, ms. */
  readonly readingMs: number
  /** Absent: nobody watches. */
  readonly progress?: LapProgress | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}
