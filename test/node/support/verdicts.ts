import { judge } from '#health/judge.ts'
import { type ImageState, stateOf } from '#health/roll-up.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { ImageScanOptions } from '#scan/image-scan.ts'
import { compileSelection } from '#scan/selection.ts'
import { targetsInUse } from '#scan/targets.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { AT_ONCE, readingLap, scanOnce } from '#test/harness/scanning.ts'

export interface Verdict {
  readonly state: ImageState
  /** The codes of what would be noticed, each once. */
  readonly codes: readonly string[]
}

/**
 * What a check says of images that one pod each uses, at `depth`, on nodes of `platform`.
 * @param host of the registry, as in `images`
 * @returns in the order of `images`
 */
export async function verdictsOf(
  client: RegistryClient,
  host: string,
  images: readonly string[],
  depth: ImageScanOptions['depth'],
  platform: { readonly os: string; readonly architecture: string },
): Promise<readonly Verdict[]> {
  const uses = images.map((image) => imageUse(image))
  const snapshot = snapshotOf(uses, { platforms: [platform] })
  const { targets, elsewhere } = targetsInUse(snapshot, { host, aliases: [] }, compileSelection(undefined))
  if (elsewhere > 0) throw new Error(`${elsewhere} of the images are not of ${host}`)
  const evidence = await scanOnce(
    client,
    targets.map(({ target }) => target),
    { depth, concurrency: targets.length, proofs: readingLap(), content: AT_ONCE },
  )
  const context = { platforms: snapshot.platforms, severity: [], ignore: [], now: 0 }
  return evidence.map((seen, at) => {
    const judged = judge(uses[at] ?? imageUse(''), seen, context)
    const harmful = judged.findings.filter((finding) => finding.harmful)
    return { state: stateOf(judged), codes: [...new Set(harmful.map(({ code }) => code))] }
  })
}
