import type { ErrorCode } from '#catalogue/error-codes.ts'
import type { FindingCode, Severity } from '#catalogue/finding-codes.ts'
import type { Answer } from '#health/evidence.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/** What is wrong, before anybody weighs it. */
export interface Defect {
  readonly code: FindingCode
  /** The tag or digest that is concerned. */
  readonly subject: string
  /** os/architecture[/variant], where only one platform of an index is concerned. */
  readonly platform?: string | undefined
  /** The error of the last look, where one led to this. */
  readonly cause?: ErrorCode | undefined
  /** What that look was answered. */
  readonly answer?: Answer | undefined
  readonly message: string
  /** false: no pod that is known would notice (a platform that no node has, an attestation, imagePullPolicy Never). */
  readonly harmful: boolean
}

/** A defect of an image in use, weighed by who uses it. Data: rendering is elsewhere. */
export interface Finding extends Defect {
  readonly severity: Severity
  readonly use: ImageUse
}

/** The identity of a finding over runs: what keeps its first-seen time. */
export function findingKey(finding: { image: string; code: string; platform?: string | undefined }): string {
  return JSON.stringify([finding.image, finding.code, finding.platform ?? ''])
}

export function platformText(platform: {
  os: string
  architecture: string
  variant?: string | undefined
}): string {
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== undefined && part !== '')
    .join('/')
}
