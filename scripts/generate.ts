// `make generate`: writes config/crd, config/rbac and docs/reference from src/. With --check it writes nothing and
// fails when a file is not what it would write.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { KINDS } from '#crds/index.ts'
import { customResourceDefinition } from '#crds/manifest.ts'
import { GROUP } from '#crds/meta.ts'
import { rbacFiles } from './generate/rbac.ts'
import { referencePages } from './generate/reference.ts'

const HEADER = '# Written by `make generate`. Edit src/crds or scripts/generate.\n'
const root = join(import.meta.dirname, '..')

function yaml(documents: readonly object[]): string {
  return (
    HEADER +
    documents
      .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join('---\n')
  )
}

function kustomization(files: readonly string[]): string {
  return yaml([
    { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: [...files].sort() },
  ])
}

function folder(files: Record<string, string>): Record<string, string> {
  return { ...files, 'kustomization.yaml': kustomization(Object.keys(files)) }
}

const crds = Object.fromEntries(
  KINDS.map((kind) => [`${GROUP}_${kind.plural}.yaml`, yaml([customResourceDefinition(kind)])]),
)
const rbac = Object.fromEntries(
  Object.entries(rbacFiles()).map(([name, documents]) => [name, yaml(documents)]),
)

/** Every generated folder with all that lies in it: a file that is no longer generated is drift too. */
const folders: Record<string, Record<string, string>> = {
  'config/crd': folder(crds),
  'config/rbac': folder(rbac),
  'docs/reference': referencePages(),
}

const check = process.argv.includes('--check')
const drift: string[] = []
for (const [name, files] of Object.entries(folders)) {
  const path = join(root, name)
  mkdirSync(path, { recursive: true })
  for (const stale of readdirSync(path).filter((file) => !(file in files))) {
    drift.push(`${name}/${stale}`)
    if (!check) rmSync(join(path, stale))
  }
  for (const [file, text] of Object.entries(files)) {
    const target = join(path, file)
    if (readIfThere(target) === text) continue
    drift.push(`${name}/${file}`)
    if (!check) writeFileSync(target, text)
  }
}

if (check && drift.length > 0) {
  console.error(`Not in sync with src/: ${drift.join(', ')}\nRun \`make generate\` and commit the result.`)
  process.exitCode = 1
} else {
  console.log(drift.length === 0 ? 'Generated files are in sync.' : `Written: ${drift.join(', ')}`)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
