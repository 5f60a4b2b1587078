import { z } from 'zod'

/** What an etcd holds: the revision at which each key was changed last. */
export type Keys = ReadonlyMap<string, number>

/** etcd refuses transactions of more operations. */
const MAX_DELETES = 128

const Range = z.object({
  kvs: z.array(z.object({ key: z.base64(), mod_revision: z.coerce.number() })).default([]),
})

/** Every key of an etcd. @param url its address, in the clear @throws Error */
export async function readKeys(url: string): Promise<Keys> {
  const all = Buffer.from([0]).toString('base64')
  const { kvs } = Range.parse(await post(url, '/v3/kv/range', { key: all, range_end: all, keys_only: true }))
  return new Map(kvs.map(({ key, mod_revision }) => [Buffer.from(key, 'base64').toString(), mod_revision]))
}

/** @throws Error */
export async function deleteKeys(url: string, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += MAX_DELETES) {
    const success = keys.slice(at, at + MAX_DELETES).map((key) => ({
      request_delete_range: { key: Buffer.from(key).toString('base64') },
    }))
    await post(url, '/v3/kv/txn', { success })
  }
}

async function post(url: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`)
  return await answer.json()
}
