import { TallymanError } from '#catalogue/error.ts'
import type { ClusterConnection } from './connection.ts'
import { listOf, recordOf, textOf } from './json.ts'
import type { KubeObject } from './objects.ts'
import type { KubeRequest } from './request.ts'
import { groupVersionPath, type ObjectKey, type Resource, resourcePath } from './resource.ts'

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Of one request; default 30 s. */
  readonly timeoutMs?: number | undefined
  /** See KubeRequest. */
  readonly beforeSend?: (() => void) | undefined
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined
  /** Objects a page; default 500. */
  readonly limit?: number | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

export interface PatchOptions extends CallOptions {
  readonly type: 'merge' | 'json' | 'apply'
  readonly subresource?: string | undefined
  /** Demanded by the API server for `apply`. */
  readonly fieldManager?: string | undefined
  /** `apply` only: take over fields that another manager owns. */
  readonly force?: boolean | undefined
}

const PATCH_CONTENT_TYPE = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

const PAGE_SIZE = 500
const PAGE_BYTES = 64 * 1024 * 1024

/**
 * Single calls to one cluster. The type parameter is what the caller knows of the resource's shape: our own kinds are
 * validated by their CRD schema before the API server stores them; parse with zod where that is not enough.
 * Every method throws KUBE_* by HTTP status (see errors.ts) and CANCELLED when the signal aborts.
 */
export class KubeClient {
  readonly #connection: ClusterConnection

  constructor(connection: ClusterConnection) {
    this.#connection = connection
  }

  get<T>(resource: Resource, key: ObjectKey, options: CallOptions = {}): Promise<T> {
    return this.#call(options, { method: 'GET', path: resourcePath(resource, key) })
  }

  /**
   * Every object, page by page, of one consistent version.
   * @throws KUBE_EXPIRED when the caller took so long between pages that the version is gone: start again
   */
  async *list<T>(resource: Resource, options: ListOptions = {}): AsyncGenerator<T> {
    const { namespace, limit = PAGE_SIZE, labelSelector, fieldSelector, ...call } = options
    let next: string | undefined
    do {
      const page = await this.#call<unknown>(call, {
        method: 'GET',
        path: resourcePath(resource, { namespace }),
        query: { limit, labelSelector, fieldSelector, continue: next },
        maxBytes: PAGE_BYTES,
      })
      for (const item of listOf(recordOf(page).items)) yield item as T
      next = textOf(recordOf(recordOf(page).metadata).continue) || undefined
    } while (next !== undefined)
  }

  /** The kinds of a group and version, an APIResourceList; without it the groups there are, an APIGroupList. */
  discover<T>(of: Pick<Resource, 'group' | 'version'> | undefined, options: CallOptions = {}): Promise<T> {
    return this.#call(options, { method: 'GET', path: of === undefined ? '/apis' : groupVersionPath(of) })
  }

  create<T>(resource: Resource, object: KubeObject, options: CallOptions = {}): Promise<T> {
    const { namespace } = object.metadata
    return this.#call(options, { method: 'POST', path: resourcePath(resource, { namespace }), body: object })
  }

  /** PUT. With a resourceVersion in the object, KUBE_CONFLICT when somebody wrote in between. */
  replace<T>(
    resource: Resource,
    object: KubeObject,
    options: CallOptions & { readonly subresource?: string | undefined } = {},
  ): Promise<T> {
    const { subresource, ...call } = options
    const { namespace, name } = object.metadata
    return this.#call(call, {
      method: 'PUT',
      path: resourcePath(resource, { namespace, name, subresource }),
      body: object,
    })
  }

  patch<T>(resource: Resource, key: ObjectKey, patch: unknown, options: PatchOptions): Promise<T> {
    const { type, subresource, fieldManager, force, ...call } = options
    return this.#call(call, {
      method: 'PATCH',
      path: resourcePath(resource, { ...key, subresource }),
      query: { fieldManager, force },
      contentType: PATCH_CONTENT_TYPE[type],
      body: patch,
    })
  }

  async delete(resource: Resource, key: ObjectKey, options: CallOptions = {}): Promise<void> {
    await this.#call(options, { method: 'DELETE', path: resourcePath(resource, key) })
  }

  async #call<T>(options: CallOptions, request: KubeRequest): Promise<T> {
    const { body } = await this.#connection.request({ ...options, ...request })
    try {
      return JSON.parse(new TextDecoder().decode(body)) as T
    } catch (error) {
      const name = `${request.method} ${request.path}`
      throw new TallymanError('KUBE_SERVER_ERROR', `${name}: the answer is not JSON`, { cause: error })
    }
  }
}
