import type { Platform } from '#health/evidence.ts'

export interface NodePlatform {
  readonly os: string
  readonly architecture: string
}

/**
 * Whether a node could ask for a manifest of this platform. Nodes do not report variants: any of their architecture counts, but for amd64,
 * of which containerd takes the first alone, whatever the processor can do. No platform says nothing against it.
 * @param nodes platforms of the nodes; none: not known, and then every platform counts that is one
 */
export function canRun(platform: Platform | undefined, nodes: readonly NodePlatform[]): boolean {
  if (platform === undefined) return true
  const { os, architecture, variant = '' } = platform
  if (os === 'unknown') return false
  if (nodes.length === 0) return true
  if (architecture === 'amd64' && variant !== '' && variant !== 'v1') return false
  return nodes.some((node) => node.os === os && node.architecture === architecture)
}
