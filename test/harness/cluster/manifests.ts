import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'

const manifest = z.looseObject({ apiVersion: z.string(), kind: z.string() })

/** The objects of all YAML files in a directory, kustomization.yaml aside, in the order of the file names. */
export async function readManifests(directory: string): Promise<object[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.yaml')).sort()
  const objects: object[] = []
  for (const file of files) {
    if (file === 'kustomization.yaml') continue
    for (const document of parseAllDocuments(await readFile(path.join(directory, file), 'utf8'))) {
      objects.push(manifest.parse(document.toJS()))
    }
  }
  return objects
}
