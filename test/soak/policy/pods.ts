import { PODS } from '#kube/resource.ts'
import type { Api } from '#test/e2e/support/api.ts'
import { pod } from '#test/e2e/support/objects.ts'
import type { Dice } from '../dice.ts'
import type { Journal } from '../journal.ts'
import { machineTime } from '../machine-time.ts'
import { pause } from '../pause.ts'
import { untilAnswered } from '../until-answered.ts'
import type { Oracle, Used } from './oracle.ts'
import type { Shelf } from './shelf.ts'
import { KEPT_TAG, type Shop } from './shop.ts'
import type { Yard } from './yard.ts'

const MOST = 36
const LEAST = 22

export interface PodsOptions {
  readonly shop: Shop
  readonly api: Api
  readonly namespace: string
  readonly oracle: Oracle
  readonly shelf: Shelf
  readonly journal: Journal
  readonly yard: Yard
  readonly dice: Dice
  readonly signal: AbortSignal
}

interface Living {
  readonly name: string
  readonly used: Used
  /** The kubelet has reported what runs. */
  isReported: boolean
}

/** Pods that use images of one registry come and go; each request is sent until it is answered. */
export class Pods {
  readonly #options: PodsOptions
  readonly #living: Living[] = []
  #count = 0

  constructor(options: PodsOptions) {
    this.#options = options
  }

  async fill(): Promise<void> {
    const { shop } = this.#options
    for (const repository of shop.repositories)
      await this.#create({ shop: shop.name, repository, reference: KEPT_TAG })
    while (this.#living.length < LEAST) await this.#createAny()
  }

  async run(over: AbortSignal): Promise<void> {
    const { dice, yard } = this.#options
    while (!over.aborted) {
      await yard.work(() => this.#step())
      await pause(dice.between(200, 1_500), over)
    }
  }

  async #step(): Promise<void> {
    const { dice } = this.#options
    if (this.#living.length < LEAST || (this.#living.length < MOST && dice.chance(0.45)))
      return await this.#createAny()
    const living = dice.of(this.#living)
    return dice.chance(0.4) ? await this.#runs(living) : await this.#delete(living)
  }

  async #createAny(): Promise<void> {
    const { shop, shelf, dice } = this.#options
    const used = shelf.draw(shop, dice, machineTime())
    if (used !== undefined) await this.#create(used)
  }

  async #create(used: Used): Promise<void> {
    const { shop, api, namespace, oracle, journal, signal, shelf } = this.#options
    this.#count += 1
    const name = `${shop.name}-${this.#count}`
    const at = used.reference.startsWith('sha256:') ? '@' : ':'
    const image = `${shop.front.host}/${used.repository}${at}${used.reference}`
    journal.operations += 1
    if (at === ':' && !shelf.isThere(used))
      journal.note(`${name} uses ${image}, which is gone`, 'use of what is gone')
    const send = () => api.create(PODS, pod({ namespace, name }, image))
    if (!(await untilAnswered(send, signal, 'KUBE_CONFLICT'))) return
    oracle.used(name, used, machineTime())
    this.#living.push({ name, used, isReported: false })
  }

  async #delete(living: Living): Promise<void> {
    const { api, namespace, oracle, journal, signal } = this.#options
    const { name } = living
    this.#living.splice(this.#living.indexOf(living), 1)
    oracle.leaving(name)
    oracle.leaving(reported(name))
    journal.operations += 1
    await untilAnswered(() => api.delete(PODS, { namespace, name }), signal, 'KUBE_NOT_FOUND')
  }

  /** The kubelet reports what runs: from then on the digest is in use, wherever its tag moves. */
  async #runs(living: Living): Promise<void> {
    const { api, namespace, oracle, signal, shop } = this.#options
    const { name, used } = living
    const digest = oracle.boundTo(used)
    if (living.isReported || digest === undefined) return
    living.isReported = true
    const image = `${shop.front.host}/${used.repository}`
    const status = reportOf(image, used.reference, digest)
    if (!(await untilAnswered(() => api.patch(PODS, { namespace, name }, status, 'status'), signal))) return
    oracle.used(reported(name), { ...used, reference: digest }, machineTime())
  }
}

function reported(name: string): string {
  return `${name} by what it runs`
}

function reportOf(repository: string, tag: string, digest: string): object {
  const state = { running: {} }
  const container = { name: 'app', image: `${repository}:${tag}`, ready: true, restartCount: 0, state }
  return { status: { containerStatuses: [{ ...container, imageID: `${repository}@${digest}` }] } }
}
