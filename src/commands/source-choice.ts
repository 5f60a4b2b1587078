import { DEFAULT_SOURCES, type SourcesConfig } from '#clusters/sources-config.ts'

/** What may be counted; pods always are. Named as in `spec.sources` of an ImageInventory. */
export const SOURCE_NAMES = ['pods', 'workloads', 'rolloutHistory', 'nodes'] as const

type SourceName = (typeof SOURCE_NAMES)[number]

/** Reads names with commas between them. @returns undefined where one of them is none */
export function parseSources(text: string): SourcesConfig | undefined {
  const names = text.split(',').map((name) => name.trim())
  if (!names.every(isSourceName)) return undefined
  const choice = (name: SourceName) => ({ enabled: names.includes(name), blocks: true })
  return {
    ...DEFAULT_SOURCES,
    workloads: choice('workloads'),
    rolloutHistory: choice('rolloutHistory'),
    nodes: choice('nodes'),
  }
}

function isSourceName(text: string): text is SourceName {
  return SOURCE_NAMES.some((name) => name === text)
}
