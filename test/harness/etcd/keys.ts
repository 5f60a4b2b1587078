import { z } from 'zod'

/** What an etcd holds: the revision at which each key was changed last. */
export type Keys = ReadonlyMap<string, number>

/** etcd refuses transactions of more operations. */
const MAX_DELETES = 128

const Range = z.object({
  kvs: z.array(z.object({ key: z.base64(), mod_revision: z.coerce.number() })).default([]),
})

/** Where an API server keeps objects; it has keys beside them that it does not live without. */
const OBJECTS = '/registry/'

/** The keys of all objects. @param url the etcd, in the clear @throws Error */
export async function readKeys(url: string): Promise<Keys> {
  // The first key behind all that begin with it.
  const end = `${OBJECTS.slice(0, -1)}0`
  const range = { key: encoded(OBJECTS), range_end: encoded(end), keys_only: true }
  const { kvs } = Range.parse(await post(url, '/v3/kv/range', range))
  return new Map(kvs.map(({ key, mod_revision }) => [Buffer.from(key, 'base64').toString(), mod_revision]))
}

/** @throws Error */
export async function deleteKeys(url: string, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += MAX_DELETES) {
    const success = keys.slice(at, at + MAX_DELETES).map((key) => ({
      request_delete_range: { key: encoded(key) },
    }))
    await post(url, '/v3/kv/txn', { success })
  }
}

function encoded(key: string): string {
  return Buffer.from(key).toString('base64')
}

async function post(url: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`)
  return await answer.json()
}
