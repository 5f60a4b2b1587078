import type { FindingCode } from '#catalogue/finding-codes.ts'
import type { ManifestEvidence, NotPresent, ReferrersEvidence } from '#health/evidence.ts'
import type { Defect } from '#health/finding.ts'

const CODES: Readonly<Record<NotPresent['state'], FindingCode>> = {
  absent: 'ReferrerMissing',
  damaged: 'ReferrerDamaged',
  denied: 'PullDenied',
  unreachable: 'NotExamined',
  unsupported: 'ManifestUnsupported',
}

/**
 * What is wrong with the signatures, attestations and SBOMs of an image. No pull fails for it, so none of it is harmful.
 * @param subject digest of the image
 */
export function referrerDefects(subject: string, { found, unlisted }: ReferrersEvidence): Defect[] {
  const lists = unlisted.map((sight) => {
    const code = sight.state === 'denied' ? 'PullDenied' : 'NotExamined'
    return defectOf(code, subject, sight, `what refers to ${subject} could not be listed`)
  })
  const broken = found.flatMap((referrer) =>
    sightsBelow(referrer).map((sight) =>
      defectOf(CODES[sight.state], referrer.reference, sight, `${referrer.reference} refers to ${subject}`),
    ),
  )
  return [...lists, ...broken]
}

function defectOf(
  code: FindingCode,
  subject: string,
  { code: cause, message, answer }: NotPresent,
  what: string,
): Defect {
  return { code, subject, cause, message: `${what}: ${message}`, harmful: false, ...(answer && { answer }) }
}

/** What could not be seen of a manifest and all that it names. */
function sightsBelow({ sight, config, layers, children }: ManifestEvidence): NotPresent[] {
  const blobs = [...(config === undefined ? [] : [config]), ...layers]
  return [
    ...[sight, ...blobs.map((blob) => blob.sight)].filter((each) => each.state !== 'present'),
    ...children.flatMap(sightsBelow),
  ]
}
