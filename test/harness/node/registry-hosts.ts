import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Where a node finds the registry that image references call `host`. */
export interface NodeRegistry {
  /** As it stands in image references: `registry.example.com`, `127.0.0.1:5000`. */
  readonly host: string
  /** `http(s)://127.0.0.1:port` */
  readonly url: string
  /** PEM to trust there. */
  readonly caPem?: string | undefined
}

/** Writes containerd's `hosts.toml` for each (containerd, docs/hosts.md). */
export async function writeRegistryHosts(
  directory: string,
  registries: readonly NodeRegistry[],
): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const { host, url, caPem } of registries) {
    const folder = path.join(directory, host)
    await mkdir(folder)
    const lines = [`server = ${JSON.stringify(url)}`]
    if (caPem !== undefined) {
      const file = path.join(folder, 'ca.pem')
      await writeFile(file, caPem)
      lines.push(`ca = ${JSON.stringify(file)}`)
    }
    await writeFile(path.join(folder, 'hosts.toml'), `${lines.join('\n')}\n`)
  }
}
