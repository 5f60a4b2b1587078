/** Where a record lies, and in which registry: a workspace may move to another one, which has none yet. */
export interface RecordAt {
  /** Of the registry. */
  readonly url: string
  readonly repository: string
  readonly tag: string
}

/**
 * The records of policies that this process has read or written. Where one of them is gone, nobody has begun without one: a disk is not there, or a replica is behind (S34). One for each
 * process; some 200 bytes for each policy.
 */
export class KnownRecords {
  readonly #digests = new Map<string, string>()

  /** @returns what was seen there last; undefined: nothing was */
  seenAt(at: RecordAt): string | undefined {
    return this.#digests.get(keyOf(at))
  }

  /** @param digest of its manifest */
  saw(at: RecordAt, digest: string): void {
    this.#digests.set(keyOf(at), digest)
  }
}

function keyOf({ url, repository, tag }: RecordAt): string {
  return `${url} ${repository}:${tag}`
}
