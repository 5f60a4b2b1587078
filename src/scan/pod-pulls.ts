import { asTallymanError, hasCode, type TallymanError } from '#catalogue/error.ts'
import type { PodPullEvidence, RefusedPods } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { pullKeyring } from '#registry/pull-keyring.ts'
import type { Credential } from '#registry/target.ts'
import { lookTwice, sightOf } from '#scan/look.ts'
import type { Clock } from '#time/clock.ts'

/** A workload, and the Secrets that its pods pull with. */
export interface PullingWorkload {
  /** `cluster/namespace/kind/name`. */
  readonly name: string
  readonly secrets: readonly {
    readonly namespace: string
    readonly name: string
    readonly config?: string | undefined
    readonly problem?: string | undefined
  }[]
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
 * Asks for images as the kubelet would: with each credential that the Secrets of a workload hold for them, and without where they hold none.
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
      if (workload.secrets.length === 0) continue
      const keys = workload.secrets.map((secret) => keysOf(secret, image))
      const problems = keys.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
      const error = await this.#refusal(
        image,
        keys.flatMap(({ credentials }) => credentials),
      )
      if (error === undefined) unusable.push(...problems)
      else {
        const names = keys.map(({ text }) => text)
        refused.push({ workload: workload.name, secrets: names, sight: sightOf(error) })
      }
    }
    return { refused, unusable: [...new Set(unusable)] }
  }

  /** @returns undefined: a pull gets through, or nobody can tell */
  async #refusal(image: PulledImage, credentials: readonly Credential[]): Promise<TallymanError | undefined> {
    if (credentials.length > MAX_CREDENTIALS) return undefined
    let refusal: TallymanError | undefined
    for (const credential of credentials.length === 0 ? [undefined] : credentials) {
      const error = await this.#answer(image, credential)
      if (error === undefined || !isRefusal(error)) return undefined
      refusal ??= error
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
      void answer.then((error) => error?.kind === 'absent' && this.#answers.delete(key))
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
}

function keysOf(
  { namespace, name, config, problem }: PullingWorkload['secrets'][number],
  { host, repository }: PulledImage,
): Keys {
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
    if (hasCode(error, 'SECRET_INVALID')) return broken(error.message)
    throw error
  }
}
