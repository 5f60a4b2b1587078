import { containerImage, imageIndex, LINUX_AMD64, type TestImage } from '#test/harness/images.ts'

const image = (name: string) => containerImage({ seed: `disturbance/${name}` })

const platform = image('platform')

/** What lies in a repository before anybody disturbs it: `kept` and `stable` are in use, `spare` is kept by a rule. */
export const IMAGES = {
  kept: image('kept'),
  stable: image('stable'),
  spare: image('spare'),
  old: image('old'),
  platform,
  multi: imageIndex('oci', [{ image: platform, platform: LINUX_AMD64 }]),
} as const

export const TAGS = {
  kept: IMAGES.kept,
  stable: IMAGES.stable,
  spare: IMAGES.spare,
  alias: IMAGES.spare,
  old: IMAGES.old,
  twin: IMAGES.old,
  multi: IMAGES.multi,
} as const

/** The tags that go by the plan; the digest of `alias` stays, as `spare`. */
export const DOOMED_TAGS = ['alias', 'old', 'twin', 'multi'] as const
export type DoomedTag = (typeof DOOMED_TAGS)[number]

/** What goes and stays together: what is used of one, keeps all of it. */
export const FAMILIES: readonly {
  readonly tags: readonly DoomedTag[]
  readonly digests: readonly string[]
}[] = [
  { tags: ['alias'], digests: [] },
  { tags: ['old', 'twin'], digests: [IMAGES.old.manifest.digest] },
  { tags: ['multi'], digests: [IMAGES.multi, platform].map(({ manifest }) => manifest.digest) },
]

export const DOOMED_DIGESTS: readonly string[] = FAMILIES.flatMap(({ digests }) => digests)

/** A build that nobody has seen. */
export function freshImage(n: number): TestImage {
  return image(`fresh ${n}`)
}

/** A build for two platforms, of which one goes by the plan. */
export function holderImage(n: number): TestImage {
  return imageIndex('oci', [
    { image: platform, platform: LINUX_AMD64 },
    { image: freshImage(n), platform: { os: 'linux', architecture: 'arm64' } },
  ])
}

/** The digests of an image's manifest and of all below it. */
export function manifestsBelow({ manifest, children }: TestImage): string[] {
  return [manifest.digest, ...children.flatMap(manifestsBelow)]
}
