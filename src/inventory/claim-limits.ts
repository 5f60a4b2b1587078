import { isPattern } from '#inventory/pin.ts'

/** Entries of each list of a claim, but for the images by a digest that runs. */
export const MAX_ENTRIES = 100_000
/** Of those: an image that runs on two platforms has two. */
export const MAX_RUNNING = 2 * MAX_ENTRIES
/** Of the pins: a pattern takes time for each repository. */
export const MAX_PATTERNS = 5_000
/** Of a document. */
export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
/** Of it, for what is in no list. */
const OTHER_BYTES = 4_096

/** What of a claim may be too much. */
export const CLAIM_LIMITS = ['images', 'running', 'digests', 'configs', 'pins', 'patterns', 'bytes'] as const
export type ClaimLimit = (typeof CLAIM_LIMITS)[number]

const THERE = 'in the ImageInventories of the operator that writes it'
const FEWER_IMAGES = `shorten spec.retain ${THERE}, or let one in another cluster watch some of the clusters`
const FEWER_PINS = `pin less ${THERE}`

const SAYS: Readonly<Record<ClaimLimit, string>> = {
  images: `more than ${MAX_ENTRIES} images are in use or remembered: ${FEWER_IMAGES}`,
  running: `more than ${MAX_RUNNING} images by the digests that run: ${FEWER_IMAGES}`,
  digests: `more than ${MAX_ENTRIES} digests run or are remembered: ${FEWER_IMAGES}`,
  configs: `more than ${MAX_ENTRIES} digests of configs run or are remembered: ${FEWER_IMAGES}`,
  pins: `more than ${MAX_ENTRIES} pins: ${FEWER_PINS}`,
  patterns: `more than ${MAX_PATTERNS} pins that are patterns: ${FEWER_PINS}`,
  bytes: `its document is longer than ${MAX_DOCUMENT_BYTES} bytes: ${FEWER_IMAGES}`,
}

/** Which limit it is, and what to do about it. */
export function limitText(limit: ClaimLimit): string {
  return SAYS[limit]
}

interface ClaimLists {
  readonly images: readonly string[]
  readonly digests: readonly string[]
  readonly configs: readonly string[]
  readonly pins: readonly string[]
}

/** The images, with those apart of which the text says no more than where a digest of `digests` lies: `host/repository@digest`. */
export function withRunningApart({ images, digests }: Pick<ClaimLists, 'images' | 'digests'>): {
  readonly images: readonly string[]
  readonly running: readonly string[]
} {
  const known = new Set(digests)
  const isRunning = (text: string) => {
    const at = text.indexOf('@')
    const isTagged = text.lastIndexOf(':', at) > text.lastIndexOf('/', at)
    return at !== -1 && !isTagged && known.has(text.slice(at + 1))
  }
  const { named = [], running = [] } = Object.groupBy(images, (text) =>
    isRunning(text) ? 'running' : 'named',
  )
  return { images: named, running }
}

/** The first limit that lists exceed; undefined: whoever reads claims takes them. */
export function exceededLimit(lists: ClaimLists): ClaimLimit | undefined {
  const { images, running } = withRunningApart(lists)
  const { digests, configs, pins } = lists
  if (images.length > MAX_ENTRIES) return 'images'
  if (running.length > MAX_RUNNING) return 'running'
  if (digests.length > MAX_ENTRIES) return 'digests'
  if (configs.length > MAX_ENTRIES) return 'configs'
  if (pins.length > MAX_ENTRIES) return 'pins'
  if (pins.filter(isPattern).length > MAX_PATTERNS) return 'patterns'
  const bytes = [images, running, digests, configs, pins].reduce(
    (sum, list) => sum + bytesOf(list),
    OTHER_BYTES,
  )
  return bytes > MAX_DOCUMENT_BYTES ? 'bytes' : undefined
}

/** As JSON, each with its comma. */
function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(JSON.stringify(text)) + 1, 0)
}
