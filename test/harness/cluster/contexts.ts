import { readFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import { z } from 'zod'

const Named = z.object({ name: z.string() })
const One = z.object({
  clusters: z.tuple([Named.extend({ cluster: z.unknown() })]),
  users: z.tuple([Named.extend({ user: z.unknown() })]),
})

/**
 * One kubeconfig (v1) with a context for each of `files`, kubeconfigs that have one cluster and one user; the first is
 * the current one.
 * @param files by the name that the context gets
 */
export async function contextsKubeconfig(files: Readonly<Record<string, string>>): Promise<string> {
  const parts = await Promise.all(
    Object.entries(files).map(async ([name, file]) => {
      const { clusters, users } = One.parse(parse(await readFile(file, 'utf8')))
      return {
        cluster: { name, cluster: clusters[0].cluster },
        user: { name, user: users[0].user },
        context: { name, context: { cluster: name, user: name } },
      }
    }),
  )
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': Object.keys(files)[0],
    clusters: parts.map(({ cluster }) => cluster),
    users: parts.map(({ user }) => user),
    contexts: parts.map(({ context }) => context),
  })
}
