import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Kubectl } from '#test/harness/cluster/kubectl.ts'

const CRD_DIR = path.resolve(import.meta.dirname, '../../../config/crd')

/** Applies config/crd and waits until the API server serves the kinds. */
export async function installCrds(kubectl: Kubectl): Promise<void> {
  const files = (await readdir(CRD_DIR)).filter((file) => /^tallyman\.dev_.*\.yaml$/.test(file))
  if (files.length === 0) throw new Error('config/crd holds no CRDs: run `make generate`')
  const where = files.flatMap((file) => ['-f', path.join(CRD_DIR, file)])
  await kubectl.run(['apply', ...where])
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', ...where])
}
