/**
 * What a check can find wrong with an image. `class` keeps apart what must never be mixed: only `missing`, `damaged`
 * and `refused` (to pods, with what they name) say that a pull fails; `denied`, `unreachable` and `unsupported` say that we could not see; `referrer` is about what refers
 * to an image, and no pull fails for it; `info` harms nobody.
 */
export const FINDING_CODES = {
  TagMissing: { class: 'missing', means: 'The tag that a workload names is not in the registry.' },
  ManifestMissing: {
    class: 'missing',
    means: 'The digest that a workload names, or the manifest behind a tag, is not in the registry.',
  },
  PlatformMissing: {
    class: 'missing',
    means: 'The index names a manifest for a platform that nodes have, and it is gone.',
  },
  ConfigMissing: { class: 'missing', means: 'The config blob is gone.' },
  LayerMissing: { class: 'missing', means: 'A layer is gone.' },
  ManifestDamaged: { class: 'damaged', means: 'The manifest cannot be read, or does not have its digest.' },
  ConfigDamaged: {
    class: 'damaged',
    means: 'The config blob is shorter or longer than its descriptor says, or has other bytes.',
  },
  LayerDamaged: {
    class: 'damaged',
    means: 'A layer is shorter or longer than its descriptor says, or (depth Content) has other bytes.',
  },
  PullDenied: {
    class: 'denied',
    means: 'The registry refuses to show the image with the credentials of the Registry.',
  },
  PullSecretRefused: {
    class: 'refused',
    means:
      'With the Secrets that its pods name, and without a login where they hold none for it, the registry does not give the image, while the credentials of the Registry do; or the kubelet cannot read one of them, and pulls nothing. What the nodes themselves have is not known.',
  },
  NotExamined: { class: 'unreachable', means: 'The registry did not answer well enough to tell.' },
  ManifestUnsupported: {
    class: 'unsupported',
    means:
      'The manifest is schema 1 or of an unknown kind, or the headers of a pull-through cache do not tell about it.',
  },
  RepositoryEmpty: { class: 'info', means: 'The registry lists the repository, and it has no tags.' },
  PullSecretUnusable: {
    class: 'info',
    means:
      'Pods name a Secret for their pulls that does not exist or is of another type, and can pull without it.',
  },
  Drifted: {
    class: 'info',
    means: 'The digest that runs is no longer in the registry; what the tag names now is complete.',
  },
  ReferrerMissing: {
    class: 'referrer',
    means:
      'A signature, attestation, SBOM or other thing that refers to the image is gone, or a part of it. The image itself can be pulled.',
  },
  ReferrerDamaged: {
    class: 'referrer',
    means:
      'A signature, attestation, SBOM or other thing that refers to the image cannot be read, or is not whole.',
  },
} as const satisfies Record<string, { class: FindingClass; means: string }>

export type FindingClass =
  | 'missing'
  | 'damaged'
  | 'refused'
  | 'denied'
  | 'unreachable'
  | 'unsupported'
  | 'referrer'
  | 'info'
export type FindingCode = keyof typeof FINDING_CODES

/** Where a finding of it is harmful, a pull fails. */
export const PULL_BREAKING: ReadonlySet<FindingClass> = new Set(['missing', 'damaged', 'refused'])

/** Severities, worst first. */
export const SEVERITIES = ['Critical', 'Warning', 'Info'] as const
export type Severity = (typeof SEVERITIES)[number]
