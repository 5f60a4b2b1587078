import { digestOf } from './digest.ts'

/** The config of what is no image (OCI image spec 1.1, "Guidance for an Empty Descriptor"). */
export const EMPTY_CONFIG = Buffer.from('{}')
/** What names it in a manifest. */
export const EMPTY_DESCRIPTOR = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: digestOf(EMPTY_CONFIG),
  size: EMPTY_CONFIG.length,
}
