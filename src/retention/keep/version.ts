import type { KeepPolicy } from '#retention/keep/candidate.ts'

/** `keep.semver`: all tags of a digest that has one of the highest versions, so that `v1` stays with `v1.4.2`. */
export const keepVersion: KeepPolicy = ({ digest, stream }) => stream.version(digest)
