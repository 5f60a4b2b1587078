import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import { hasCode } from '#catalogue/error.ts'
import type { CallOptions, Descriptor, Manifest } from '#registry/client.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import type { KnownLedgers } from '#retention/known-ledgers.ts'
import type { RegistryMemory } from '#retention/registry-memory.ts'
import type { Soak } from '#retention/soak.ts'
import { filesOf, type KeptPlace, packed, putArtifact, readAt, readFile } from '#scan/kept-artifact.ts'
import { BindingsBuilder, bindingFiles } from '#scan/kept-bindings.ts'
import { CellReader, invalid } from '#scan/kept-cells.ts'
import { manifestFiles, readManifests } from '#scan/kept-manifests.ts'
import { readSoak, soakFiles } from '#scan/kept-soak.ts'
import { SharedFacts } from '#scan/policy-facts.ts'
import { sideBySide } from '#scan/side-by-side.ts'

/** What a scan leaves for the next one. */
export interface ScanMemory {
  readonly bindings: RegistryMemory
  /** By digest. In an order that stays, what is new coming last, most files stay as they are. */
  readonly manifests: ReadonlyMap<string, ManifestFacts>
  readonly soak: Soak | undefined
  readonly ledgers: KnownLedgers
}

const MEMORY_TYPE = 'application/vnd.tallyman.policy-memory.v1'
const BINDINGS = `${MEMORY_TYPE}.bindings+gzip`
const MANIFESTS = `${MEMORY_TYPE}.manifests+gzip`
const SOAK = `${MEMORY_TYPE}.soak+gzip`
/** Of the manifest: everything that is no list, as JSON. */
const HEAD = 'dev.tallyman.memory.head'
/** All files together, packed: four times what a registry of 400,000 tags takes. */
const MAX_BYTES = 512 * 1024 * 1024
/** Files that are read or written at once. */
const WIDTH = 8
/** Manifests between two steps: some milliseconds. */
const STEP = 8_192

const Head = z.object({
  registry: z.object({ uid: z.string(), url: z.string() }),
  at: z.number(),
  firstAt: z.number(),
  ledgers: z
    .record(
      z.string(),
      z.object({ id: z.string(), other: z.object({ id: z.string(), noticedAt: z.number() }).optional() }),
    )
    .default({}),
  soak: z.object({ mark: z.string(), lastAt: z.number() }).optional(),
})

/**
 * What a scan has read, what was known before it first and in its order: so most files stay as they are. In steps.
 */
export function* inKnownOrder(
  known: ScanMemory['manifests'],
  seen: ScanMemory['manifests'],
): Generator<undefined, ScanMemory['manifests']> {
  const ordered = new Map<string, ManifestFacts>()
  let count = 0
  for (const manifests of [known, seen]) {
    for (const digest of manifests.keys()) {
      const facts = seen.get(digest)
      if (facts !== undefined) ordered.set(digest, facts)
      count += 1
      if (count % STEP === 0) yield
    }
  }
  return ordered
}

/** A memory as it lies in the workspace. */
export interface KeptMemory {
  readonly memory: ScanMemory
  /** Digests of its files: they are not sent again. */
  readonly files: ReadonlySet<string>
}

/**
 * Keeps a memory in place of the one before; other work has its turn meanwhile.
 * @param there files of the one before
 * @returns its files
 * @throws REGISTRY_*, and what `call.beforeSend` throws
 */
export async function keepMemory(
  place: KeptPlace,
  memory: ScanMemory,
  there: ReadonlySet<string>,
  call: CallOptions,
): Promise<ReadonlySet<string>> {
  const layers = await sideBySide(contentsOf(memory), WIDTH, async ({ mediaType, content }) => {
    const { digest, bytes } = await packed(mediaType, content)
    const layer = { mediaType, digest, size: bytes.byteLength }
    if (!there.has(digest)) await place.client.uploadBlob(place.repository, layer, () => bytes, call)
    return layer
  })
  const { bindings, soak, ledgers } = memory
  const head: z.infer<typeof Head> = {
    registry: bindings.registry,
    at: bindings.at,
    firstAt: bindings.firstAt,
    ledgers: Object.fromEntries(ledgers),
    ...(soak === undefined ? {} : { soak: { mark: soak.mark, lastAt: soak.lastAt } }),
  }
  await putArtifact(place, MEMORY_TYPE, layers, { [HEAD]: JSON.stringify(head) }, call)
  return new Set(layers.map(({ digest }) => digest))
}

async function* contentsOf({ bindings, manifests, soak }: ScanMemory) {
  const lists = [
    { mediaType: BINDINGS, contents: bindingFiles(bindings.repositories) },
    { mediaType: MANIFESTS, contents: manifestFiles(manifests) },
    { mediaType: SOAK, contents: soak === undefined ? [] : soakFiles(soak.since) },
  ]
  for (const { mediaType, contents } of lists) {
    for (const content of contents) {
      yield { mediaType, content }
      await nextTurn()
    }
  }
}

/**
 * Reads the memory that was kept last; other work has its turn meanwhile.
 * @returns undefined: there is none
 * @throws MEMORY_INVALID something else lies there, or one of another version; REGISTRY_*
 */
export function readMemory(place: KeptPlace, call: CallOptions): Promise<KeptMemory | undefined> {
  return readAt(place, () => read(place, call))
}

async function read(place: KeptPlace, call: CallOptions): Promise<KeptMemory | undefined> {
  const manifest = await manifestAt(place, call)
  if (manifest === undefined) return undefined
  const files = filesOf(manifest, MEMORY_TYPE, MAX_BYTES)
  const { registry, at, firstAt, ledgers, soak } = headOf(manifest)
  const shared = new SharedFacts()
  const bindings = new BindingsBuilder(shared)
  const manifests = new Map<string, ManifestFacts>()
  const since = new Map<string, number>()
  const take = (mediaType: string, content: Buffer) => {
    const cells = new CellReader(content)
    if (mediaType === BINDINGS) bindings.add(cells)
    else if (mediaType === MANIFESTS) {
      for (const facts of readManifests(cells, shared)) manifests.set(facts.digest, facts)
    } else if (mediaType === SOAK) for (const [key, first] of readSoak(cells)) since.set(key, first)
    else throw invalid(`has a file of type ${mediaType}`)
  }
  for (let next = 0; next < files.length; next += WIDTH) {
    const batch = files.slice(next, next + WIDTH)
    const contents = await sideBySide(batch, WIDTH, (file) => contentOf(place, file, call))
    for (const { mediaType, content } of contents) {
      take(mediaType, content)
      await nextTurn()
    }
  }
  return {
    memory: {
      bindings: { registry, at, firstAt, repositories: bindings.repositories },
      ledgers: new Map(Object.entries(ledgers)),
      manifests,
      soak: soak === undefined ? undefined : { ...soak, since },
    },
    files: new Set(files.map(({ digest }) => digest)),
  }
}

async function contentOf(place: KeptPlace, file: Descriptor, call: CallOptions) {
  return { mediaType: file.mediaType, content: await readFile(place, file, call) }
}

async function manifestAt(
  { client, repository, tag }: KeptPlace,
  call: CallOptions,
): Promise<Manifest | undefined> {
  try {
    return await client.getManifest(repository, tag, call)
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT')) return undefined
    throw error
  }
}

function headOf({ annotations = {} }: Manifest): z.infer<typeof Head> {
  try {
    return Head.parse(JSON.parse(annotations[HEAD] ?? ''))
  } catch (error) {
    throw invalid('does not say of which registry it is', error)
  }
}
