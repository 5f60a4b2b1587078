import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Kubectl } from '#test/harness/cluster/kubectl.ts'
import { eventually } from '#test/harness/wait.ts'

const CRD_DIR = path.resolve(import.meta.dirname, '../../../config/crd')

const CrdList = z.object({
  items: z.array(
    z.object({
      status: z
        .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() })
        .nullish(),
    }),
  ),
})

/** Applies config/crd and waits until the API server serves the kinds. */
export async function installCrds(kubectl: Kubectl): Promise<void> {
  const files = (await readdir(CRD_DIR)).filter((file) => /^tallyman\.dev_.*\.yaml$/.test(file))
  if (files.length === 0) throw new Error('config/crd holds no CRDs: run `make generate`')
  const where = files.flatMap((file) => ['-f', path.join(CRD_DIR, file)])
  await kubectl.run(['apply', ...where])
  // `kubectl wait` fails at once on a CRD that was stored a moment ago: its status.conditions are null.
  await eventually(
    async () => {
      const { stdout } = await kubectl.run(['get', ...where, '-o', 'json'])
      const { items } = CrdList.parse(JSON.parse(stdout))
      return items.length === files.length && items.every(({ status }) => isEstablished(status?.conditions))
    },
    { message: 'the API server to serve our kinds', timeoutMs: 60_000, intervalMs: 100 },
  )
}

function isEstablished(conditions: readonly { type: string; status: string }[] | null | undefined): boolean {
  return conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false
}
