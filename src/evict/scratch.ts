import { TallymanError } from '#catalogue/error.ts'
import { digestOf } from '#registry/digest.ts'
import { OCI_INDEX } from '#registry/media-types.ts'
import { calls, type Hands } from './hands.ts'
import type { RawManifest } from './placeholder.ts'

/**
 * A manifest that nobody has, and whose type says that it is ours: no rule is about it (S08). It is the same in every run on a repository, so that what a killed
 * run left is gone after the next, with the tags of the proof that tags go alone.
 */
export function scratchManifest(repository: string): RawManifest {
  const index = {
    ...{ schemaVersion: 2, mediaType: OCI_INDEX, artifactType: 'application/vnd.tallyman.scratch.v1+json' },
    ...{ manifests: [], annotations: { 'dev.tallyman.scratch': repository } },
  }
  const bytes = Buffer.from(JSON.stringify(index))
  return { digest: digestOf(bytes), mediaType: OCI_INDEX, bytes }
}

/**
 * The first DELETE by digest in a repository is of a manifest that nobody has: it costs as much as any other, and harms nothing if it is cut
 * off (S16).
 * @throws DELETE_UNSAFE it was cut off, failed, or took longer than a DELETE may take here; REGISTRY_* where it is refused
 */
export async function proveDelete(hands: Hands): Promise<void> {
  const { repository, signal, guard, audit } = hands
  const scratch = scratchManifest(repository)
  await hands.push.putManifest(repository, scratch.digest, scratch, calls(hands).write)
  const outcome = await hands.delete.deleteManifest(repository, scratch.digest, { signal, guard, audit })
  switch (outcome.kind) {
    case 'deleted':
      if (outcome.durationMs <= hands.deleteLimitMs) return
      throw unsafe(hands, `took ${Math.round(outcome.durationMs / 1000)} s`)
    case 'absent':
      throw unsafe(hands, 'did not find the manifest that had just been written')
    case 'unknown':
      throw unsafe(hands, `was not carried through: ${outcome.error.message}`, outcome.error)
    default:
      throw outcome.error
  }
}

export function unsafe(hands: Hands, why: string, cause?: TallymanError): TallymanError {
  const message = `${hands.repository}: a DELETE ${why}`
  return new TallymanError('DELETE_UNSAFE', message, cause === undefined ? {} : { cause })
}
