import { z } from 'zod'
import { ACCEPT_MANIFESTS } from '#test/harness/pull.ts'
import type { RegistryWire } from '#test/harness/registry/wire.ts'

const Catalog = z.object({ repositories: z.array(z.string()) })
const Tags = z.object({ tags: z.array(z.string()).nullish() })
const Annotated = z.object({ annotations: z.record(z.string(), z.string()).optional() })

/**
 * The journals below the prefix of a workspace, `repository:run`, that say of something begun that it was not ended; read from the registry as anybody
 * may, with no code of the product.
 */
export async function openJournals(wire: RegistryWire, prefix: string): Promise<string[]> {
  const open: string[] = []
  const { repositories } = Catalog.parse(await json(wire, '/v2/_catalog?n=1000'))
  for (const repository of repositories) {
    if (!repository.startsWith(`${prefix}/journals/`)) continue
    const { tags } = Tags.parse(await json(wire, `/v2/${repository}/tags/list`))
    for (const tag of tags ?? []) {
      const { annotations } = Annotated.parse(await json(wire, `/v2/${repository}/manifests/${tag}`))
      if (Number(annotations?.['dev.tallyman.journal.open'] ?? 0) > 0) open.push(`${repository}:${tag}`)
    }
  }
  return open
}

/** An empty object where there is nothing. */
async function json(wire: RegistryWire, path: string): Promise<unknown> {
  const { status, body } = await wire.send({ path, headers: { accept: ACCEPT_MANIFESTS } })
  return status === 404 ? {} : JSON.parse(body.toString('utf8'))
}
