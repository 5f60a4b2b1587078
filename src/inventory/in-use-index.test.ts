import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UsageClaim } from '#inventory/claim.ts'
import { inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import { locate, type RegistryAlias, type RegistryNames } from '#inventory/locate.ts'
import { compilePins } from '#inventory/pins.ts'
import { parseReference } from '#inventory/reference.ts'
import type { RememberedImage } from '#inventory/remembered.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import type { RegistryImage } from '#inventory/usage-lookup.ts'
import { imageUse } from '#test/harness/image-use.ts'

const SHA = `sha256:${'a'.repeat(64)}`
const CONFIG = `sha256:${'c'.repeat(64)}`
const MAIN: RegistryNames = { host: 'r.example', aliases: [{ host: 'harbor.corp', prefix: 'proxy' }] }
const APP = { repository: 'team/app', tag: 'v1', digest: SHA }

interface Usage {
  readonly images?: readonly ImageUse[]
  readonly remembered?: readonly RememberedImage[]
  readonly pins?: readonly string[]
}

const snapshot = ({ images = [], remembered = [], pins = [] }: Usage): KnownUsage['snapshots'][number] => ({
  images,
  remembered,
  pins: compilePins(pins),
})
const index = (usage: Usage, claims: readonly UsageClaim[] = [], names = MAIN) =>
  inUseIndex({ snapshots: [snapshot(usage)], claims }, names)

function rememberedImage(image: string, changes: Partial<RememberedImage> = {}): RememberedImage {
  const reference = parseReference(image)
  const common = { cluster: 'edge', firstSeen: 0, lastSeen: 0, users: [], digests: [], configs: [] }
  return { image, reference, ...common, ...changes }
}

const claim = (changes: Partial<UsageClaim> = {}): UsageClaim => ({
  installation: 'other',
  writtenAt: 0,
  synced: true,
  trusted: true,
  images: [],
  digests: [],
  configs: [],
  pins: [],
  ...changes,
})

describe('the in-use index', () => {
  test('says who uses an image and why, strongest reasons first', () => {
    const named = imageUse('harbor.corp/proxy/team/app:v1')
    const running = imageUse('other.example/app:v9', { runningDigests: [SHA] })
    const spoilt = imageUse('https://r.example/team/app:v1')
    const suspect = imageUse('cache.corp/x/team/app:v1')
    const lately = rememberedImage('r.example/team/app:v1')
    const pins = ['**/app:v1']
    const images = [suspect, spoilt, running, named, imageUse('r.example/team/app:v2')]
    const claimed = claim({ images: ['r.example/team/app:v1'], pins: ['team/*'] })
    expect(index({ images, remembered: [lately], pins }, [claimed]).usesOf(APP)).toEqual([
      { kind: 'reference', use: named },
      { kind: 'digest', use: running },
      { kind: 'salvaged', use: spoilt },
      { kind: 'suspected-alias', use: suspect },
      { kind: 'remembered', match: 'reference', remembered: lately },
      {
        kind: 'claimed',
        match: 'reference',
        claimed: { installation: 'other', image: 'r.example/team/app:v1' },
      },
      { kind: 'pinned', pin: '**/app:v1' },
      { kind: 'pinned', pin: 'team/*', installation: 'other' },
    ])
  })

  test('knows no reason for what nobody uses', () => {
    const images = [imageUse('r.example/team/app:v2'), imageUse('{{ .Values.image }}')]
    const all = index({ images, remembered: [rememberedImage('r.example/team/web')], pins: ['x/*'] }, [
      claim(),
    ])
    expect(all.usesOf(APP)).toEqual([])
    expect(all.usesOfConfig(CONFIG)).toEqual([])
  })

  test('S01: unites all inventories and what other installations claim', () => {
    const second = imageUse('r.example/team/app:v1')
    const both = { snapshots: [snapshot({}), snapshot({ images: [second] })] }
    expect(inUseIndex(both, MAIN).usesOf(APP)).toEqual([{ kind: 'reference', use: second }])
    const kinds = (one: UsageClaim) =>
      index({}, [one])
        .usesOf(APP)
        .map(({ kind }) => kind)
    expect(kinds(claim({ images: ['https://cache.corp/x/team/app:'] }))).toEqual(['claimed'])
    expect(kinds(claim({ digests: [SHA] }))).toEqual(['claimed'])
    expect(kinds(claim({ pins: ['**/app'] }))).toEqual(['pinned'])
    expect(index({}, [claim({ configs: [CONFIG] })]).usesOfConfig(CONFIG)).toHaveLength(1)
  })

  test('S02: what was in use lately counts, with all that ran', () => {
    const old = rememberedImage('elsewhere.example/app:v0', { digests: [SHA], configs: [CONFIG] })
    const lately = index({ remembered: [old] })
    expect(lately.usesOf(APP)).toEqual([{ kind: 'remembered', match: 'digest', remembered: old }])
    expect(lately.usesOfConfig(CONFIG)).toEqual([{ kind: 'remembered', match: 'digest', remembered: old }])
  })

  test('S06: a config that runs protects every manifest with it', () => {
    const use = imageUse('other.example/app:v1', { runningConfigs: [CONFIG] })
    expect(index({ images: [use] }).usesOfConfig(CONFIG)).toEqual([{ kind: 'digest', use }])
  })

  test('S07: a pin of some tag keeps the repository from counting as unused', () => {
    const pinned = index({ pins: ['team/app:v7', 'team/web:v*'] })
    expect(pinned.usesOf({ repository: 'team/app' })).toEqual([{ kind: 'pinned', pin: 'team/app:v7' }])
    expect(pinned.usesOf({ repository: 'team/web' })).toEqual([{ kind: 'pinned', pin: 'team/web:v*' }])
    expect(pinned.usesOf(APP)).toEqual([])
    expect(pinned.usesOf({ ...APP, tag: 'v7' })).toHaveLength(1)
  })

  const segment = fc.constantFrom('a', 'b', 'team', 'app')
  const path = (minLength: number) =>
    fc.array(segment, { minLength, maxLength: 4 }).map((segments) => segments.join('/'))
  const host = fc.constantFrom('r.example', 'harbor.corp', 'docker.io', 'x.example:5000')
  const alias: fc.Arbitrary<RegistryAlias> = fc.record({ host, prefix: path(0), replaceWith: path(0) })
  const names: fc.Arbitrary<RegistryNames> = fc.record({
    host,
    pathPrefix: path(0),
    aliases: fc.array(alias, { maxLength: 4 }),
  })
  const suffix = fc.constantFrom('', ':v1', ':v2', `@${SHA}`, `:v1@${SHA}`)
  const image = fc.tuple(host, path(1), suffix).map(([at, repository, end]) => `${at}/${repository}${end}`)

  /** What a consumer may ask about the images of the registry among the texts. */
  function questions(texts: readonly string[], registry: RegistryNames): RegistryImage[] {
    return texts.flatMap((text) => {
      const reference = parseReference(text)
      const located = reference && locate(reference, registry)
      if (located === undefined) return []
      const { repository, tag, digest } = located
      return [
        located,
        { repository },
        ...(tag === undefined ? [] : [{ repository, tag }]),
        ...(digest === undefined ? [] : [{ repository, digest }]),
      ]
    })
  }

  test('S06: never takes for unused what some text names, whatever the aliases', () => {
    fc.assert(
      fc.property(names, fc.array(image, { maxLength: 8 }), (registry, texts) => {
        const live = index({ images: texts.map((text) => imageUse(text)) }, [], registry)
        const lately = index({ remembered: texts.map((text) => rememberedImage(text)) }, [], registry)
        const claimed = index({}, [claim({ images: texts })], registry)
        const pinned = index({ pins: texts }, [], registry)
        for (const asked of questions(texts, registry)) {
          for (const each of [live, lately, claimed]) expect(each.usesOf(asked)).not.toEqual([])
          if (asked.tag === undefined && asked.digest === undefined) continue
          expect(pinned.usesOf(asked)).not.toEqual([])
        }
      }),
      { numRuns: 500 },
    )
  })

  test('S06: never takes for unused what some text names under a host and prefix that nobody knows', () => {
    fc.assert(
      fc.property(
        names,
        path(2),
        path(0),
        fc.constantFrom(':v1', `@${SHA}`),
        (registry, repository, prefix, end) => {
          const text = ['unknown.example', prefix, repository].filter((part) => part !== '').join('/') + end
          const all = index({ images: [imageUse(text)] }, [], registry)
          const asked = end === ':v1' ? { repository, tag: 'v1' } : { repository, digest: SHA }
          expect(all.usesOf(asked)).not.toEqual([])
          expect(all.usesOf({ repository })).not.toEqual([])
        },
      ),
    )
  })

  test('S06: never takes for unused a digest that runs or is named anywhere', () => {
    const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`)
    const text = fc.oneof(image, fc.string())
    fc.assert(
      fc.property(
        names,
        path(1),
        text,
        fc.array(digest),
        digest,
        (registry, repository, any, runs, named) => {
          const images = [imageUse(any, { runningDigests: runs }), imageUse(`x.example/app@${named}`)]
          const all = index({ images }, [], registry)
          for (const sum of [...runs, named]) {
            expect(all.usesOf({ repository, digest: sum })).not.toEqual([])
            expect(all.usesOf({ repository, tag: 'v9', digest: sum })).not.toEqual([])
          }
        },
      ),
    )
  })

  test('S06: never takes for unused what a spoilt text of the registry means', () => {
    const spoilt = fc.constantFrom<(text: string) => string>(
      (text) => `https://${text}`,
      (text) => `${text}/`,
      (text) => text.toUpperCase().replace(/:V1$/, ':v1'),
      (text) => text.replace(/:v1$/, ': v1'),
      (text) => text.replace(/:v1$/, ':'),
      (text) => `${text}@sha256:123`,
    )
    fc.assert(
      fc.property(host, names, path(1), spoilt, (at, registry, repository, spoil) => {
        const text = `${at}/${repository}:v1`
        const all = index({ images: [imageUse(spoil(text), { reference: undefined })] }, [], registry)
        for (const asked of questions([text], registry)) expect(all.usesOf(asked)).not.toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
