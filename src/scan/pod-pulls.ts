import { asTallymanError, hasCode, type TallymanError } from '#catalogue/error.ts'
import type { NotPresent, PodPullEvidence, RefusedPods } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { pullKeyring } from '#registry/pull-keyring.ts'
import type { Credential } from '#registry/target.ts'
import { lookTwice, sightOf } from '#scan/look.ts'
import type { Clock } from '#time/clock.ts'

/** A workload, and the Secrets that its pods pull with. */
export interface PullingWorkload {
  /** `cluster/namespace/kind/name`. */
  readonly name: string
  /** Where it does not show which Secrets a new pod has: each of the sets that it may be. At least one. */
  readonly ways: readonly (readonly NamedSecret[])[]
}

export interface NamedSecret {
  readonly namespace: string
  readonly name: string
  /** A docker config; absent: there is none, and `problem` says why. */
  readonly config?: string | undefined
  readonly problem?: string | undefined
}

/** An image, as pods write it and as it lies in the registry. */
export interface PulledImage {
  readonly host: string
  readonly repository: string
  readonly place: { readonly repository: string; readonly reference: string }
}

export interface PodPullsOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** @param credential undefined: without a login */
  readonly open: (credential: Credential | undefined) => Promise<RegistryClient>
}

/** Of one image, tried one after the other; where there are more, nothing is concluded. */
const MAX_CREDENTIALS = 10

/**
 * Asks for images as the kubelet would: with each credential that the Secrets of a workload hold for them, and without where they hold none. A
 * Secret that it cannot read ends the pull before the registry is asked.
 * A repository is asked for once with each credential. What the nodes themselves have (credential providers) is not known here.
 */
export class PodPulls {
  readonly #options: PodPullsOptions
  readonly #answers = new Map<string, Promise<TallymanError | undefined>>()

  constructor(options: PodPullsOptions) {
    this.#options = options
  }

  async look(image: PulledImage, workloads: readonly PullingWorkload[]): Promise<PodPullEvidence> {
    const refused: RefusedPods[] = []
    const unusable: string[] = []
    for (const workload of workloads) {
      if (workload.ways.some((secrets) => secrets.length === 0)) continue
      const ways = workload.ways.map((secrets) => secrets.map((secret) => keysOf(secret, image)))
      const sight = await this.#refusalOfAll(image, ways)
      if (sight === undefined) unusable.push(...ways.flat().flatMap(({ problem = [] }) => problem))
      else {
        const secrets = new Set(ways.flatMap(decisive).map(({ text }) => text))
        refused.push({ workload: workload.name, secrets: [...secrets], sight })
      }
    }
    return { refused, unusable: [...new Set(unusable)] }
  }

  /** @returns why the first of the ways is refused; undefined: one is not */
  async #refusalOfAll(
    image: PulledImage,
    ways: readonly (readonly Keys[])[],
  ): Promise<NotPresent | undefined> {
    let first: NotPresent | undefined
    for (const keys of ways) {
      const sight = keys.some(({ isUnreadable }) => isUnreadable)
        ? UNREADABLE
        : await this.#refusal(
            image,
            keys.flatMap(({ credentials }) => credentials),
          )
      if (sight === undefined) return undefined
      first ??= sight
    }
    return first
  }

  /** @returns undefined: a pull gets through, or nobody can tell */
  async #refusal(image: PulledImage, credentials: readonly Credential[]): Promise<NotPresent | undefined> {
    if (credentials.length > MAX_CREDENTIALS) return undefined
    let refusal: NotPresent | undefined
    for (const credential of credentials.length === 0 ? [undefined] : credentials) {
      const error = await this.#answer(image, credential)
      if (error === undefined || !isRefusal(error)) return undefined
      refusal ??= sightOf(error)
    }
    return refusal
  }

  #answer(
    { place: { repository, reference } }: PulledImage,
    credential: Credential | undefined,
  ): Promise<TallymanError | undefined> {
    const key = JSON.stringify([repository, credential])
    let answer = this.#answers.get(key)
    if (answer === undefined) {
      answer = this.#ask(repository, reference, credential)
      this.#answers.set(key, answer)
      // That may be about the tag alone: the next image of the repository is asked for itself.
      answer.then(
        (error) => error?.kind === 'absent' && this.#answers.delete(key),
        // Who asked hears of it.
        () => undefined,
      )
    }
    return answer
  }

  async #ask(
    repository: string,
    reference: string,
    credential: Credential | undefined,
  ): Promise<TallymanError | undefined> {
    const { clock, signal, open } = this.#options
    try {
      const client = await open(credential)
      const look = await lookTwice(
        () => client.headManifest(repository, reference, { signal, lane: 'check', headOnly: true }),
        { clock, signal },
      )
      return 'error' in look ? look.error : undefined
    } catch (thrown) {
      signal.throwIfAborted()
      return asTallymanError(thrown)
    }
  }
}

/** Registries hide what one may not see: the image is there, or nobody would ask. */
function isRefusal({ kind }: TallymanError): boolean {
  return kind === 'denied' || kind === 'absent'
}

interface Keys {
  readonly credentials: readonly Credential[]
  /** The Secret, and what is wrong with it or what came of it. */
  readonly text: string
  readonly problem?: string
  /** The kubelet pulls nothing at all for a pod that names it, whatever else the pod names, and whoever may read the image. */
  readonly isUnreadable?: boolean
}

/** Those that the pull fails for. */
function decisive(keys: readonly Keys[]): readonly Keys[] {
  const unreadable = keys.filter(({ isUnreadable }) => isUnreadable)
  return unreadable.length > 0 ? unreadable : keys
}

const UNREADABLE: NotPresent = {
  state: 'denied',
  code: 'SECRET_INVALID',
  message: 'The kubelet pulls nothing for a pod that names a Secret which it cannot read',
}

function keysOf({ namespace, name, config, problem }: NamedSecret, { host, repository }: PulledImage): Keys {
  const secret = `Secret ${namespace}/${name}`
  const broken = (why: string): Keys => ({
    ...{ credentials: [], text: `${secret}: ${why}` },
    problem: `${secret}: ${why}`,
  })
  if (config === undefined) return broken(problem ?? 'it is empty')
  try {
    const credentials = pullKeyring(config, host, repository)
    const isUseful = credentials.length > 0
    return { credentials, text: `${secret}: ${isUseful ? 'is refused' : `holds nothing for ${host}`}` }
  } catch (error) {
    if (hasCode(error, 'SECRET_INVALID')) {
      return { ...broken(`the kubelet cannot read it: ${error.message}`), isUnreadable: true }
    }
    throw error
  }
}
