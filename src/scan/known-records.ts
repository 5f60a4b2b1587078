/** Where a record lies, and in which registry: a workspace may move to another one, which has none yet. */
export interface RecordAt {
  /** Of the registry. */
  readonly url: string
  readonly repository: string
  readonly tag: string
}

interface Known {
  /** What was read or written there last. */
  readonly seen: string | undefined
  /** What was sent since, and not answered. */
  readonly sent: ReadonlySet<string>
}

const NOTHING: Known = { seen: undefined, sent: new Set() }

/**
 * The records of policies that this process has read or written. Where one of them is gone, nobody has begun without one: a disk is not there, or a replica is behind (S34). Where it is
 * another one, somebody else writes it, or it is an older state (S32). One for each process; some 200 bytes for each policy.
 */
export class KnownRecords {
  readonly #known = new Map<string, Known>()

  /** @returns the digest of what was seen there last; undefined: nothing was */
  seenAt(at: RecordAt): string | undefined {
    return this.#of(at).seen
  }

  /** @param digest of its manifest */
  saw(at: RecordAt, digest: string): void {
    this.#known.set(keyOf(at), { seen: digest, sent: new Set() })
  }

  /** It is about to be written: an answer that is lost does not say whether it was. */
  sends(at: RecordAt, digest: string): void {
    const { seen, sent } = this.#of(at)
    this.#known.set(keyOf(at), { seen, sent: new Set([...sent, digest]) })
  }

  /** @param digest of what is there; undefined: nothing is @returns whether nobody else has written there since */
  isOurs(at: RecordAt, digest: string | undefined): boolean {
    const { seen, sent } = this.#of(at)
    return digest === seen || (digest !== undefined && sent.has(digest))
  }

  #of(at: RecordAt): Known {
    return this.#known.get(keyOf(at)) ?? NOTHING
  }
}

function keyOf({ url, repository, tag }: RecordAt): string {
  return `${url} ${repository}:${tag}`
}
