import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { connect } from '#kube/connection.ts'
import { systemClock } from '#time/clock.ts'
import { run } from '../support/child.ts'

const PATH = '/api/v1/pods'

/**
 * The time that one curl takes for all pods as JSON in pages of 500, on one connection. The continue tokens are read
 * before, so that curl does nothing but fetch.
 */
export async function curlMs(kubeconfig: string): Promise<number> {
  const urls = await pageUrls(kubeconfig)
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

async function pageUrls(kubeconfig: string): Promise<string[]> {
  const connection = await connect({ kubeconfig, clock: systemClock })
  const urls: string[] = []
  let next: string | undefined
  do {
    const query = { limit: 500, pretty: false, ...(next === undefined ? {} : { continue: next }) }
    const { body } = await connection.request({
      method: 'GET',
      path: PATH,
      query,
      maxBytes: 64 * 1024 * 1024,
    })
    const parameters = new URLSearchParams(
      Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
    )
    urls.push(`${connection.server}${PATH}?${parameters}`)
    const page: { metadata: { continue?: string } } = JSON.parse(new TextDecoder().decode(body))
    next = page.metadata.continue || undefined
  } while (next !== undefined)
  await connection.close()
  return urls
}
