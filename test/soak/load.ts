import { resourcePath } from '#kube/resource.ts'
import type { Dice } from './dice.ts'
import type { Journal } from './journal.ts'
import { machineTime } from './machine-time.ts'
import { GROUP_LABEL, KINDS, type ObjectKind, POD, running } from './objects.ts'
import type { Oracle } from './oracle.ts'
import { pause } from './pause.ts'
import { type Site, WORK } from './site.ts'
import { untilAnswered } from './until-answered.ts'

const MOST_OBJECTS = 250
/** A cluster that loses more than half of its images is another matter: see the shrink guard. */
const LEAST_OBJECTS = 40
const GROUPS = 4
const AT_ONCE = 8

interface Living {
  readonly name: string
  readonly kind: ObjectKind
  image: string
  digest: string | undefined
}

export interface LoadOptions {
  readonly site: Site
  readonly oracle: Oracle
  readonly journal: Journal
  readonly dice: Dice
  /** Gives up what is under way; without it, each request is sent until it is answered. */
  readonly signal: AbortSignal
}

/** Whether an object is in one of these groups, by its name. */
export function isInGroups(name: string, groups: readonly number[]): boolean {
  return groups.includes(groupOf(name))
}

function groupOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1)) % GROUPS
}

/** What people and controllers do in a cluster: objects come, change and go, one by one and in hundreds. Each request is sent until it is answered. */
export class Load {
  readonly #options: LoadOptions
  readonly #living: Living[] = []
  #count = 0
  #images = 0

  constructor(options: LoadOptions) {
    this.#options = options
  }

  /** Something to begin with. */
  async fill(): Promise<void> {
    for (const kind of KINDS) for (let n = 0; n < 4; n += 1) await this.#create(kind)
  }

  /** Until the signal aborts, and what is under way was answered. */
  async run(over: AbortSignal): Promise<void> {
    const { dice } = this.#options
    while (!over.aborted) {
      await this.#step()
      await pause(dice.between(10, 200), over)
    }
  }

  async #step(): Promise<void> {
    const { dice } = this.#options
    if (dice.chance(0.007)) return await this.#churn()
    const isFull = this.#living.length > MOST_OBJECTS
    if (!isFull && (this.#living.length < LEAST_OBJECTS || dice.chance(0.45))) {
      return await this.#create(dice.of(KINDS))
    }
    const living = dice.of(this.#living)
    if (isFull || dice.chance(0.5)) return await this.#delete(living)
    return dice.chance(0.3) ? await this.#runs(living) : await this.#change(living)
  }

  /** Hundreds of pods come, and most of them go again. */
  async #churn(): Promise<void> {
    const { dice, journal, site } = this.#options
    const count = dice.between(60, 220)
    journal.note(`${site.name}: ${count} pods come and go`, 'mass churn')
    const before = this.#living.length
    await this.#eachAtOnce(Array.from({ length: count }), () => this.#create(POD, 0.9))
    const made = this.#living.slice(before).filter(() => dice.chance(0.95))
    await this.#eachAtOnce(made, (living) => this.#delete(living))
  }

  async #create(kind: ObjectKind, known = 0.3): Promise<void> {
    const { site, oracle, dice } = this.#options
    this.#count += 1
    const name = `${kind.resource.kind.toLowerCase()}-${this.#count}`
    const image = this.#image(dice.chance(known))
    const object = kind.object(name, image, { [GROUP_LABEL]: String(groupOf(name)) })
    if (!(await this.#untilAnswered(() => site.link.client.create(kind.resource, object), 'KUBE_CONFLICT')))
      return
    oracle.used(site.name, name, [image], machineTime())
    this.#living.push({ name, kind, image, digest: undefined })
  }

  async #delete(living: Living): Promise<void> {
    const { site, oracle } = this.#options
    const { kind, name } = living
    this.#living.splice(this.#living.indexOf(living), 1)
    oracle.leaving(site.name, name, machineTime())
    // As kubectl does: a Job would wait for a controller that lets go of its pods, and there is none.
    const query = { propagationPolicy: 'Background' }
    const request = { method: 'DELETE', path: resourcePath(kind.resource, keyOf(living)), query } as const
    await this.#untilAnswered(() => site.link.admin.request(request), 'KUBE_NOT_FOUND')
  }

  /** A rollout, or a node that pulled another image. */
  async #change(living: Living): Promise<void> {
    const { site, oracle, dice } = this.#options
    const { kind, name } = living
    if (kind.changed === undefined) return
    const image = this.#image(dice.chance(0.3))
    const patch = kind.changed(image)
    oracle.leaving(site.name, name, machineTime())
    living.image = image
    living.digest = undefined
    const send = () =>
      site.link.client.patch(kind.resource, keyOf(living), patch, {
        type: 'merge',
        subresource: kind.subresource,
      })
    if (!(await this.#untilAnswered(send))) return
    oracle.used(site.name, name, [image], machineTime())
  }

  /** The kubelet reports what runs: the digest is in use as well. */
  async #runs(living: Living): Promise<void> {
    const { site, oracle, dice } = this.#options
    const { kind, name, image } = living
    if (kind !== POD || living.digest !== undefined) return
    const digest = `sha256:${dice
      .between(0, 2 ** 31)
      .toString(16)
      .padStart(64, '0')}`
    const send = () =>
      site.link.client.patch(kind.resource, keyOf(living), running(image, digest), {
        type: 'merge',
        subresource: 'status',
      })
    living.digest = digest
    if (!(await this.#untilAnswered(send))) return
    oracle.used(site.name, name, [digest], machineTime())
  }

  /** New, or one that is used elsewhere in the cluster. */
  #image(isKnown: boolean): string {
    const { site, dice } = this.#options
    if (isKnown && this.#living.length > 0) return dice.of(this.#living).image
    this.#images += 1
    return `registry.local/${site.name}/app-${this.#images}:1`
  }

  async #eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const queue = items.values()
    const one = async () => {
      for (const item of queue) await work(item)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
  }

  /** @returns false: it was given up, and nobody knows */
  #untilAnswered(send: () => Promise<unknown>, done?: 'KUBE_CONFLICT' | 'KUBE_NOT_FOUND'): Promise<boolean> {
    this.#options.journal.operations += 1
    return untilAnswered(send, this.#options.signal, done)
  }
}

function keyOf({ kind, name }: Living) {
  return kind.resource.namespaced ? { namespace: WORK, name } : { name }
}
