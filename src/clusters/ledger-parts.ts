import { hasCode, TallymanError } from '#catalogue/error.ts'
import { INVENTORY_ANNOTATION, LedgerNames } from '#clusters/ledger-names.ts'
import { PART_KEY, unpackPart } from '#clusters/ledger-part.ts'
import type { CallOptions, KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/objects.ts'
import { CONFIG_MAPS } from '#kube/resource.ts'
import type { Fence } from '#runtime/fence.ts'

export interface LedgerPartsOptions {
  readonly client: KubeClient
  readonly fence: Fence
  /** The operator's own. */
  readonly namespace: string
  /** `namespace/name` of the ImageInventory. */
  readonly inventory: string
}

interface Part extends KubeObject {
  readonly binaryData?: Readonly<Record<string, string>>
}

/** A part as it was read or written last. */
interface Held {
  readonly resourceVersion: string | undefined
  readonly content: string
}

/**
 * The ConfigMaps of one ledger. Each is written with the version that was read, so that two leaders never write over each other, and only
 * where its content differs.
 */
export class LedgerParts {
  readonly #options: LedgerPartsOptions
  readonly #held = new Map<string, Held>()
  #writes = 0
  #recreated = 0

  constructor(options: LedgerPartsOptions) {
    this.#options = options
  }

  /** Requests that wrote, so far. */
  get writes(): number {
    return this.#writes
  }

  /** Parts that were found deleted when they were written, so far; each was written all the same. */
  get recreated(): number {
    return this.#recreated
  }

  /** @throws LEDGER_UNREADABLE, KUBE_*, CANCELLED */
  async get(name: string, signal: AbortSignal): Promise<string | undefined> {
    this.#held.delete(name)
    const part = await this.#read(name, { signal })
    if (part === undefined) return undefined
    const content = part.binaryData?.[PART_KEY]
    this.#held.set(name, { resourceVersion: part.metadata.resourceVersion, content: content ?? '' })
    return await unpackPart(content === undefined ? undefined : Buffer.from(content, 'base64'))
  }

  /** @throws KUBE_CONFLICT when somebody else wrote it; LEADERSHIP_LOST; KUBE_*, CANCELLED */
  async put(name: string, packed: Buffer, signal: AbortSignal): Promise<void> {
    const content = packed.toString('base64')
    const held = this.#held.get(name)
    if (held?.content === content) return
    this.#writes += 1
    const part = this.#part(name, content)
    const call = this.#fenced(signal)
    const stored =
      held === undefined
        ? await this.#create(part, call)
        : await this.#replace(part, held.resourceVersion, call)
    this.#held.set(name, { resourceVersion: stored.metadata.resourceVersion, content })
  }

  /**
   * The same for a part that may be there or not, with whatever content and version.
   * @param head the part that names it: where somebody else wrote that, this one may be theirs as well
   * @throws KUBE_CONFLICT; LEADERSHIP_LOST; KUBE_*, CANCELLED
   */
  async overwrite(name: string, packed: Buffer, head: string, signal: AbortSignal): Promise<void> {
    const present = await this.#read(name, { signal })
    // After what is to be written over was read, so that nothing of a later writer is.
    const naming = await this.#read(head, { signal })
    if (naming !== undefined && naming.metadata.resourceVersion !== this.#held.get(head)?.resourceVersion) {
      throw new TallymanError('KUBE_CONFLICT', `Somebody else wrote ConfigMap ${head}`)
    }
    if (present === undefined) this.#held.delete(name)
    else this.#held.set(name, { resourceVersion: present.metadata.resourceVersion, content: '' })
    await this.put(name, packed, signal)
  }

  /** @throws LEADERSHIP_LOST; KUBE_*, CANCELLED */
  async delete(name: string, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options
    this.#held.delete(name)
    this.#writes += 1
    try {
      await client.delete(CONFIG_MAPS, { namespace, name }, this.#fenced(signal))
    } catch (error) {
      if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    }
  }

  #part(name: string, content: string): Part {
    const { inventory, namespace } = this.#options
    return {
      apiVersion: 'v1',
      kind: CONFIG_MAPS.kind,
      metadata: {
        name,
        namespace,
        labels: new LedgerNames(inventory).labels(name),
        annotations: { [INVENTORY_ANNOTATION]: inventory },
      },
      binaryData: { [PART_KEY]: content },
    }
  }

  async #create(part: Part, call: CallOptions): Promise<Part> {
    return await this.#options.client.create<Part>(CONFIG_MAPS, part, call)
  }

  async #replace(part: Part, resourceVersion: string | undefined, call: CallOptions): Promise<Part> {
    const { client } = this.#options
    const versioned = {
      ...part,
      metadata: { ...part.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    }
    try {
      return await client.replace<Part>(CONFIG_MAPS, versioned, call)
    } catch (error) {
      if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
      // Somebody deleted it. What is remembered is all here.
      this.#recreated += 1
      return await this.#create(part, call)
    }
  }

  async #read(name: string, call: CallOptions): Promise<Part | undefined> {
    const { client, namespace } = this.#options
    try {
      return await client.get<Part>(CONFIG_MAPS, { namespace, name }, call)
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
      throw error
    }
  }

  /** A write has ended before anybody else can lead. */
  #fenced(signal: AbortSignal): CallOptions {
    const { fence } = this.#options
    return { signal, timeoutMs: fence.requestTimeoutMs, beforeSend: () => fence.assertLeader() }
  }
}
