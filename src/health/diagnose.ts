import { FINDING_CODES, type FindingCode } from '#catalogue/finding-codes.ts'
import type {
  BlobEvidence,
  ImageEvidence,
  ManifestEvidence,
  NotPresent,
  Platform,
  Present,
  Sight,
} from '#health/evidence.ts'
import { type Defect, platformText } from '#health/finding.ts'
import { canRun, type NodePlatform } from '#health/node-platform.ts'
import { podPullDefects } from '#health/pod-pull-defects.ts'
import { referrerDefects } from '#health/referrer-defects.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

export interface DiagnosisContext {
  /** Platforms of the nodes. Empty: not known, and then every platform counts. */
  readonly platforms: readonly NodePlatform[]
}

/**
 * What is wrong with one image, from what was seen of it. Pure; a defect says nothing yet about how bad it is.
 * Platforms that no node has, attestations and images that are never pulled yield harmless defects (S24); a running
 * digest that is gone while the tag still resolves is `Drifted` (S23).
 */
export function diagnose(use: ImageUse, evidence: ImageEvidence, context: DiagnosisContext): Defect[] {
  const top = evidence.manifest
  const byDigest = use.reference?.digest !== undefined
  const defects = isPresent(top.sight)
    ? [...platformDefects(use, top, context), ...contentDefects(top, undefined, true, context)]
    : [topDefect(top, top.sight, byDigest, evidence.tagListed === true)]
  const drifted = isPresent(top.sight) && !byDigest ? evidence.running.flatMap(driftDefect) : []
  const referrers =
    evidence.referrers === undefined ? [] : referrerDefects(top.digest ?? top.reference, evidence.referrers)
  const pods = evidence.pods === undefined ? [] : podPullDefects(top.reference, evidence.pods)
  return [...(use.neverPulled ? defects.map(harmlessIfSeen) : defects), ...drifted, ...referrers, ...pods]
}

function topDefect(
  manifest: ManifestEvidence,
  sight: NotPresent,
  byDigest: boolean,
  tagListed: boolean,
): Defect {
  const gone: FindingCode = byDigest || tagListed ? 'ManifestMissing' : 'TagMissing'
  const message =
    sight.state === 'absent' && tagListed
      ? `the registry lists tag ${manifest.reference}, but the manifest behind it is gone`
      : sight.message
  return { ...defectOf(manifest.reference, sight, gone, 'ManifestDamaged', true), message }
}

/** An index without a manifest for any node is as good as none to all of them. What nobody uses may be for nodes elsewhere. */
function platformDefects(use: ImageUse, top: ManifestEvidence, context: DiagnosisContext): Defect[] {
  if (use.kinds.length === 0 || hasManifestForNodes(top, context)) return []
  const wanted = context.platforms.map(platformText)
  const message = `the index has no manifest for ${wanted.length === 0 ? 'any platform' : wanted.join(' or ')}`
  return [{ code: 'PlatformMissing', subject: top.digest ?? top.reference, message, harmful: true }]
}

function hasManifestForNodes(manifest: ManifestEvidence, context: DiagnosisContext): boolean {
  if (!isPresent(manifest.sight) || manifest.isIndex !== true) return true
  return manifest.children.some(
    (child) => canRun(child.platform, context.platforms) && hasManifestForNodes(child, context),
  )
}

function contentDefects(
  manifest: ManifestEvidence,
  platform: Platform | undefined,
  harmful: boolean,
  context: DiagnosisContext,
): Defect[] {
  const config =
    manifest.config === undefined
      ? []
      : blobDefects(manifest.config, 'ConfigMissing', 'ConfigDamaged', harmful)
  const layers = manifest.layers.flatMap((layer) =>
    blobDefects(layer, 'LayerMissing', 'LayerDamaged', harmful),
  )
  const children = manifest.children.flatMap((child) => childDefects(child, harmful, context))
  const own = [...config, ...layers]
  return [
    ...(platform === undefined
      ? own
      : own.map((defect) => ({ ...defect, platform: platformText(platform) }))),
    ...children,
  ]
}

function childDefects(child: ManifestEvidence, harmful: boolean, context: DiagnosisContext): Defect[] {
  const matters = harmful && canRun(child.platform, context.platforms)
  if (isPresent(child.sight)) return contentDefects(child, child.platform, matters, context)
  const defect = defectOf(child.reference, child.sight, 'PlatformMissing', 'ManifestDamaged', matters)
  return [child.platform === undefined ? defect : { ...defect, platform: platformText(child.platform) }]
}

function blobDefects(
  blob: BlobEvidence,
  missing: FindingCode,
  damaged: FindingCode,
  harmful: boolean,
): Defect[] {
  return isPresent(blob.sight) ? [] : [defectOf(blob.digest, blob.sight, missing, damaged, harmful)]
}

function driftDefect(running: ManifestEvidence): Defect[] {
  if (isPresent(running.sight) || running.sight.state !== 'absent') return []
  return [
    {
      code: 'Drifted',
      subject: running.reference,
      cause: running.sight.code,
      ...(running.sight.answer && { answer: running.sight.answer }),
      message: `pods run ${running.reference}, which the registry no longer has; a new pod gets what the tag names now`,
      harmful: false,
    },
  ]
}

function defectOf(
  subject: string,
  sight: NotPresent,
  missing: FindingCode,
  damaged: FindingCode,
  harmful: boolean,
): Defect {
  const codes: Record<NotPresent['state'], FindingCode> = {
    absent: missing,
    damaged,
    denied: 'PullDenied',
    unreachable: 'NotExamined',
    unsupported: 'ManifestUnsupported',
  }
  const { code: cause, message, answer } = sight
  return { code: codes[sight.state], subject, cause, message, harmful, ...(answer && { answer }) }
}

function isPresent(sight: Sight): sight is Present {
  return sight.state === 'present'
}

/** Nobody pulls it: that it is broken harms nobody. What was not seen stays not seen. */
function harmlessIfSeen(defect: Defect): Defect {
  const { class: kind } = FINDING_CODES[defect.code]
  return kind === 'missing' || kind === 'damaged' ? { ...defect, harmful: false } : defect
}
