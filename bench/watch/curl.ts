import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { systemClock } from '#time/clock.ts'
import { run } from '../support/child.ts'

/** What is listed: all objects of a path, perhaps selected. */
export interface Collection {
  readonly path: string
  readonly labelSelector?: string
}

const PODS: Collection = { path: '/api/v1/pods' }

/**
 * The time that one curl takes for all pods (or `collections`) as JSON in pages of 500, on one connection. The continue tokens are read
 * before, so that curl does nothing but fetch.
 */
export async function curlMs(
  kubeconfig: string,
  collections: readonly Collection[] = [PODS],
): Promise<number> {
  const connection = await connect({ kubeconfig, clock: systemClock })
  const urls: string[] = []
  for (const collection of collections) urls.push(...(await pageUrls(connection, collection)))
  await connection.close()
  const token = parse(await readFile(kubeconfig, 'utf8')).users[0].user.token
  const outputs = urls.flatMap((url) => ['-o', '/dev/null', url])
  const started = performance.now()
  await run('curl', [
    '-sS',
    '--fail',
    '-k',
    '-H',
    `Authorization: Bearer ${token}`,
    '-H',
    'Accept: application/json',
    ...outputs,
  ])
  return performance.now() - started
}

async function pageUrls(
  connection: ClusterConnection,
  { path, ...selection }: Collection,
): Promise<string[]> {
  const urls: string[] = []
  let next: string | undefined
  do {
    const query = {
      ...selection,
      limit: 500,
      pretty: false,
      ...(next === undefined ? {} : { continue: next }),
    }
    const { body } = await connection.request({
      method: 'GET',
      path,
      query,
      maxBytes: 64 * 1024 * 1024,
    })
    const parameters = new URLSearchParams(
      Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
    )
    urls.push(`${connection.server}${path}?${parameters}`)
    const page: { metadata: { continue?: string } } = JSON.parse(new TextDecoder().decode(body))
    next = page.metadata.continue || undefined
  } while (next !== undefined)
  return urls
}
