import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, Manifest } from '#registry/client.ts'
import { digestAt } from '#registry/digest-at.ts'
import {
  type AllowedBinding,
  type AllowedDigest,
  EMPTY_RECORD,
  inherited,
  type PolicyRecord,
} from '#retention/policy-record.ts'
import { filesOf, type KeptPlace, packed, putArtifact, readAt, readFile } from '#scan/kept-artifact.ts'
import { CellReader, CellWriter, invalid } from '#scan/kept-cells.ts'
import { contentOf, recordOf } from '#scan/kept-record-content.ts'
import { runsOf } from '#scan/kept-runs.ts'
import type { KnownRecords } from '#scan/known-records.ts'

export const RECORD_TYPE = 'application/vnd.tallyman.policy-record.v1'
const RECORD = `${RECORD_TYPE}.record+gzip`
const BINDINGS = `${RECORD_TYPE}.bindings+gzip`
const DIGESTS = `${RECORD_TYPE}.digests+gzip`
const MAX_BYTES = 256 * 1024 * 1024

export interface RecordPlace extends KeptPlace {
  /** Of the registry. */
  readonly url: string
  readonly known: KnownRecords
}

/**
 * Keeps the record of a policy, by its UID, in place of the one before. What a cache says of its files is not believed: they are sent.
 * @throws RECORD_CONFLICT, REGISTRY_*, and what `call.beforeSend` throws
 */
export async function keepRecord(
  place: RecordPlace,
  policy: string,
  record: PolicyRecord,
  call: CallOptions,
): Promise<void> {
  const files = [await packed(RECORD, contentOf(policy, record))]
  for (const content of bindingFiles(record.run?.bindings ?? [])) files.push(await packed(BINDINGS, content))
  for (const content of digestFiles(record.run?.digests ?? [])) files.push(await packed(DIGESTS, content))
  const layers = files.map(({ mediaType, digest, bytes }) => ({ mediaType, digest, size: bytes.byteLength }))
  for (const { digest, bytes } of files) {
    const blob = { digest, size: bytes.byteLength }
    await place.client.uploadBlob(place.repository, blob, () => bytes, { ...call, evenIfThere: true })
  }
  const isNext = async (digest: string) => {
    await assertUnchanged(place, call)
    place.known.sends(place, digest)
  }
  place.known.saw(place, await putArtifact(place, RECORD_TYPE, layers, {}, call, isNext))
}

/**
 * A registry knows no "if it is still that": this is the last look before it is written over.
 * @throws RECORD_CONFLICT the tag names something else than what was read or written last; REGISTRY_*
 */
export async function assertUnchanged(place: RecordPlace, call: CallOptions): Promise<void> {
  const { client, repository, tag, known } = place
  const now = await digestAt(client, repository, tag, call)
  if (known.isOurs(place, now)) return
  throw new TallymanError(
    'RECORD_CONFLICT',
    `${repository}:${tag} names ${now ?? 'nothing'} by now, and ${known.seenAt(place) ?? 'there was nothing'} when it was last read or written`,
  )
}

function* bindingFiles(bindings: Iterable<AllowedBinding>): Generator<Buffer> {
  for (const run of runsOf(bindings, ({ digest }) => digest)) {
    const cells = new CellWriter()
    for (const { repository, tag, digest } of run)
      for (const text of [repository, tag, digest]) cells.text(text)
    yield cells.bytes()
  }
}

function* digestFiles(digests: Iterable<AllowedDigest>): Generator<Buffer> {
  for (const run of runsOf(digests, ({ digest }) => digest)) {
    const cells = new CellWriter()
    for (const { repository, digest } of run) for (const text of [repository, digest]) cells.text(text)
    yield cells.bytes()
  }
}

/**
 * Reads the record that was kept last; the empty one where there is none, and never was as far as the list of tags and this process know (S34). A policy of the same name before this one leaves what it has done, and no run to go on
 * with. Whoever can't read it does not know what was done already, and must not carry out anything.
 * @throws MEMORY_INVALID something else lies there, or one of another version, or it is gone; REGISTRY_*
 */
export function readRecord(place: RecordPlace, policy: string, call: CallOptions): Promise<PolicyRecord> {
  return readAt(place, () => read(place, policy, call))
}

async function read(place: RecordPlace, policy: string, call: CallOptions): Promise<PolicyRecord> {
  const found = await manifestAt(place, call)
  if (found === undefined) return EMPTY_RECORD
  const [first, ...more] = filesOf(found, RECORD_TYPE, MAX_BYTES)
  if (
    first?.mediaType !== RECORD ||
    more.some(({ mediaType }) => mediaType !== BINDINGS && mediaType !== DIGESTS)
  ) {
    throw invalid('does not have the files of a record')
  }
  const { owner, record } = recordOf(await readFile(place, first, call))
  const bindings: AllowedBinding[] = []
  const digests: AllowedDigest[] = []
  for (const file of more) {
    const cells = new CellReader(await readFile(place, file, call))
    while (!cells.isAtEnd) {
      if (file.mediaType === DIGESTS) digests.push({ repository: cells.text(), digest: cells.text() })
      else bindings.push({ repository: cells.text(), tag: cells.text(), digest: cells.text() })
    }
  }
  place.known.saw(place, found.digest)
  const { run } = record
  const whole = run === undefined ? record : { ...record, run: { ...run, bindings, digests } }
  return owner === policy ? whole : inherited(whole)
}

async function manifestAt(place: RecordPlace, call: CallOptions): Promise<Manifest | undefined> {
  try {
    return await place.client.getManifest(place.repository, place.tag, call)
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
    // A tag whose manifest is lost is no empty record.
    if (await isListed(place, call)) throw invalid('is listed, and gone', error)
    const before = place.known.seenAt(place)
    if (before !== undefined) throw invalid(`is gone, and named ${before} before`, error)
    return undefined
  }
}

async function isListed({ client, repository, tag }: KeptPlace, call: CallOptions): Promise<boolean> {
  try {
    for await (const page of client.tags(repository, call)) if (page.includes(tag)) return true
    return false
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT')) return false
    throw error
  }
}
