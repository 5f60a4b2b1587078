import type { ManifestFacts, ManifestKind } from '#retention/facts.ts'
import { type CellReader, CellWriter, invalid } from '#scan/kept-cells.ts'
import { runsOf } from '#scan/kept-runs.ts'
import type { SharedFacts } from '#scan/policy-facts.ts'

const KINDS: readonly ManifestKind[] = ['image', 'index', 'artifact']
const NONE: readonly [] = []

/** What manifests say as the content of files, in their order. */
export function* manifestFiles(manifests: ReadonlyMap<string, ManifestFacts>): Generator<Buffer> {
  for (const run of runsOf(manifests.values(), ({ digest }) => digest)) {
    const cells = new CellWriter()
    for (const facts of run) write(facts, cells)
    yield cells.bytes()
  }
}

/** @param shared over all files @throws MEMORY_INVALID */
export function* readManifests(cells: CellReader, shared: SharedFacts): Generator<ManifestFacts> {
  while (!cells.isAtEnd) yield read(cells, shared)
}

function write(facts: ManifestFacts, cells: CellWriter): void {
  const { digest, kind, mediaType, artifactType, size, children, config, layers } = facts
  cells.text(digest)
  cells.number(KINDS.indexOf(kind))
  for (const text of [mediaType, artifactType, facts.subject, facts.baseName, facts.baseDigest])
    cells.text(text)
  cells.number(size)
  cells.number(facts.created)
  cells.number(children.length)
  for (const child of children) {
    cells.text(child.digest)
    cells.text(child.platform)
  }
  const blobs = config === undefined ? NONE : [config]
  for (const list of [blobs, layers]) {
    cells.number(list.length)
    for (const blob of list) {
      cells.text(blob.digest)
      cells.number(blob.size)
    }
  }
}

function read(cells: CellReader, shared: SharedFacts): ManifestFacts {
  const optionalText = () => {
    const text = cells.optionalText()
    return text === undefined ? undefined : shared.text(text)
  }
  const digest = shared.text(cells.text())
  const kind = KINDS[cells.number()]
  if (kind === undefined) throw invalid(`says of no kind that ${digest} is of it`)
  const mediaType = shared.text(cells.text())
  const artifactType = optionalText()
  const subject = optionalText()
  const baseName = optionalText()
  const baseDigest = optionalText()
  const size = cells.number()
  const created = cells.optionalNumber()
  const children = cells.list(() => ({ digest: shared.text(cells.text()), platform: optionalText() }))
  const blob = () => shared.blob({ digest: cells.text(), size: cells.number() })
  const [config] = cells.list(blob)
  const layers = cells.list(blob)
  return {
    ...{ digest, kind, mediaType, artifactType, size, children, config, layers },
    ...{ created, subject, baseName, baseDigest },
  }
}
