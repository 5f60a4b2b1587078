import path from 'node:path'
import type { Family, Program } from '#test/harness/binaries/families.ts'

/** Where a program is taken from. */
export interface Source {
  readonly kind: 'assets' | 'cache' | 'missing'
  readonly path: string
}

export interface Places {
  /** The folder that KUBEBUILDER_ASSETS names, if any. */
  readonly assets: string | undefined
  readonly cacheDir: string
}

/** The cache directory that all versions of this project share. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const own = env.TALLYMAN_CACHE
  if (own !== undefined && own !== '') return path.resolve(own)
  const xdg = env.XDG_CACHE_HOME
  const base = xdg !== undefined && xdg !== '' ? xdg : path.join(env.HOME ?? '', '.cache')
  return path.join(base, 'tallyman')
}

/** `<cache>/bin/kubernetes-v1.37.2` */
export function familyDirectory(cacheDir: string, family: Family, version: string): string {
  return path.join(cacheDir, 'bin', `${family.name}-${version}`)
}

/**
 * KUBEBUILDER_ASSETS first, then the cache; `missing` says where it is to be put.
 * @param isExecutable whether a file is there and may be executed
 */
export async function chooseSource(
  family: Family,
  program: Program,
  version: string,
  places: Places,
  isExecutable: (file: string) => Promise<boolean>,
): Promise<Source> {
  if (places.assets !== undefined && places.assets !== '') {
    const asset = path.join(places.assets, program.name)
    if (await isExecutable(asset)) return { kind: 'assets', path: asset }
  }
  const cached = path.join(familyDirectory(places.cacheDir, family, version), program.file)
  return { kind: (await isExecutable(cached)) ? 'cache' : 'missing', path: cached }
}
