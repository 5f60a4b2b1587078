import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { StorageLayout } from '#test/harness/storage-layout.ts'

/** What goes wrong on the disk of a registry. What each looks like from outside is in damage.test.ts. */
export type DamageKind =
  | 'tag-gone'
  | 'tag-link-missing'
  | 'tag-link-empty'
  | 'tag-link-garbage'
  | 'revision-link-missing'
  | 'revision-link-empty'
  | 'manifest-missing'
  | 'manifest-zero'
  | 'manifest-cut'
  | 'manifest-altered'
  | 'config-missing'
  | 'config-zero'
  | 'config-wrong-bytes'
  | 'layer-missing'
  | 'layer-zero'
  | 'layer-half'
  | 'layer-wrong-bytes'
  | 'layer-link-missing'
  | 'child-missing'

export interface DamageTarget {
  readonly storageDir: string
  readonly repository: string
  /** A tag, or a digest; damage to tags needs a tag. */
  readonly reference: string
  /** Which layer, from the base upwards; by default 0. Images that share the blob are damaged with it. */
  readonly layer?: number
  /** Which entry of an index; by default 0. */
  readonly child?: number
}

/** Puts back what was there before. */
export type Repair = () => void

/**
 * Damages what `target` names, in the storage of a running or stopped registry.
 * @returns how to undo it; several damages are undone in reverse order
 * @throws Error where the target does not have what shall be damaged
 */
export function damage(kind: DamageKind, target: DamageTarget): Repair {
  const site = new DamageSite(target)
  const repairs = DAMAGES[kind](site)
  return () => {
    for (const repair of repairs.toReversed()) repair()
  }
}

const DAMAGES: Readonly<Record<DamageKind, (site: DamageSite) => readonly Repair[]>> = {
  'tag-gone': (site) => [site.remove(site.tagFolder)],
  'tag-link-missing': (site) => [site.remove(site.tagLink)],
  'tag-link-empty': (site) => [alter(site.tagLink, cutToZero)],
  'tag-link-garbage': (site) => [alter(site.tagLink, () => Buffer.from('no digest'))],
  'revision-link-missing': (site) => [site.remove(site.revisionLink)],
  'revision-link-empty': (site) => [alter(site.revisionLink, cutToZero)],
  'manifest-missing': (site) => [site.remove(site.manifestData)],
  'manifest-zero': (site) => [alter(site.manifestData, cutToZero)],
  'manifest-cut': (site) => [alter(site.manifestData, cutToHalf)],
  'manifest-altered': (site) => [alter(site.manifestData, appendBlank)],
  'config-missing': (site) => [site.remove(site.configData)],
  'config-zero': (site) => [alter(site.configData, cutToZero)],
  'config-wrong-bytes': (site) => [alter(site.configData, flipMiddle)],
  'layer-missing': (site) => [site.remove(site.layerData)],
  'layer-zero': (site) => [alter(site.layerData, cutToZero)],
  'layer-half': (site) => [alter(site.layerData, cutToHalf)],
  'layer-wrong-bytes': (site) => [alter(site.layerData, flipMiddle)],
  'layer-link-missing': (site) => [site.remove(site.layerLink)],
  'child-missing': (site) => [site.remove(site.childRevisionLink), site.remove(site.childData)],
}

const cutToZero = () => Buffer.alloc(0)
const cutToHalf = (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 2))
/** Still valid JSON with the same meaning, under another digest. */
const appendBlank = (bytes: Buffer) => Buffer.concat([bytes, Buffer.from(' ')])
const flipMiddle = (bytes: Buffer) => {
  const middle = Math.floor(bytes.length / 2)
  return Buffer.from(bytes.map((byte, at) => (at === middle ? byte ^ 0xff : byte)))
}

function alter(file: string, change: (bytes: Buffer) => Buffer): Repair {
  const before = readFileSync(file)
  writeFileSync(file, change(before))
  return () => writeFileSync(file, before)
}

const DESCRIPTOR = z.object({ digest: z.string() })
const MANIFEST = z.object({
  config: DESCRIPTOR.optional(),
  layers: z.array(DESCRIPTOR).default([]),
  manifests: z.array(DESCRIPTOR).default([]),
})

/** The files that hold one image, found by what its manifest says as long as it can be read. */
class DamageSite {
  readonly #target: DamageTarget
  readonly #layout: StorageLayout
  readonly #digest: string

  constructor(target: DamageTarget) {
    this.#target = target
    this.#layout = new StorageLayout(target.storageDir)
    this.#digest = this.#layout.resolve(target.repository, target.reference)
  }

  get tagFolder(): string {
    return this.#layout.tag(this.#target.repository, this.#target.reference)
  }

  get tagLink(): string {
    return this.#layout.tagLink(this.#target.repository, this.#target.reference)
  }

  get revisionLink(): string {
    return this.#layout.revisionLink(this.#target.repository, this.#digest)
  }

  get manifestData(): string {
    return this.#layout.blobData(this.#digest)
  }

  get configData(): string {
    return this.#layout.blobData(digestIn(this.#manifest.config, 'config'))
  }

  get layerData(): string {
    return this.#layout.blobData(this.#layerDigest)
  }

  get layerLink(): string {
    return this.#layout.layerLink(this.#target.repository, this.#layerDigest)
  }

  get childRevisionLink(): string {
    return this.#layout.revisionLink(this.#target.repository, this.#childDigest)
  }

  get childData(): string {
    return this.#layout.blobData(this.#childDigest)
  }

  /** Moves a file or folder to where the registry does not look. */
  remove(place: string): Repair {
    const aside = path.join(this.#target.storageDir, 'removed', path.relative(this.#layout.root, place))
    mkdirSync(path.dirname(aside), { recursive: true })
    renameSync(place, aside)
    return () => {
      rmSync(place, { recursive: true, force: true })
      mkdirSync(path.dirname(place), { recursive: true })
      renameSync(aside, place)
    }
  }

  get #manifest(): z.infer<typeof MANIFEST> {
    return MANIFEST.parse(JSON.parse(readFileSync(this.manifestData, 'utf8')))
  }

  get #layerDigest(): string {
    const { layer = 0 } = this.#target
    return digestIn(this.#manifest.layers[layer], `layer ${layer}`)
  }

  get #childDigest(): string {
    const { child = 0 } = this.#target
    return digestIn(this.#manifest.manifests[child], `child ${child}`)
  }
}

function digestIn(descriptor: { readonly digest: string } | undefined, what: string): string {
  if (descriptor === undefined) throw new Error(`the manifest has no ${what}`)
  return descriptor.digest
}
