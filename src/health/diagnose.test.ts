import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnose } from '#health/diagnose.ts'
import type { BlobEvidence, ImageEvidence, ManifestEvidence, NotPresent, Sight } from '#health/evidence.ts'
import { unusedImage } from '#health/unused-image.ts'
import { imageUse } from '#test/harness/image-use.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const LINUX = { platforms: [{ os: 'linux', architecture: 'amd64' }] }
const PRESENT: Sight = { state: 'present' }

const SIGHTS: Readonly<Record<NotPresent['state'], NotPresent>> = {
  absent: { state: 'absent', code: 'REGISTRY_ABSENT', message: 'it answered 404' },
  damaged: { state: 'damaged', code: 'REGISTRY_SIZE_MISMATCH', message: 'it is too short' },
  denied: { state: 'denied', code: 'REGISTRY_FORBIDDEN', message: 'it answered 403' },
  unreachable: { state: 'unreachable', code: 'REGISTRY_TIMEOUT', message: 'it did not answer' },
  unsupported: { state: 'unsupported', code: 'REGISTRY_MEDIA_TYPE', message: 'it is of schema 1' },
}
const STATES: readonly NotPresent['state'][] = ['absent', 'damaged', 'denied', 'unreachable', 'unsupported']

function manifest(changes: Partial<ManifestEvidence> = {}): ManifestEvidence {
  return { reference: 'v1', sight: PRESENT, layers: [], children: [], ...changes }
}

function evidence(top: ManifestEvidence, changes: Partial<ImageEvidence> = {}): ImageEvidence {
  return { repository: 'app', manifest: top, running: [], ...changes }
}

function blob(sight: Sight, digest = DIGEST): BlobEvidence {
  return { digest, sight }
}

const byTag = imageUse('registry.example/app:v1')
const byDigest = imageUse(`registry.example/app@${DIGEST}`)
const amd64 = { os: 'linux', architecture: 'amd64' }
const arm64 = { os: 'linux', architecture: 'arm64', variant: 'v8' }

describe('an image of which everything is there', () => {
  test('has no defect', () => {
    const whole = manifest({ config: blob(PRESENT), layers: [blob(PRESENT)], children: [manifest()] })
    expect(diagnose(byTag, evidence(whole), LINUX)).toEqual([])
  })
})

describe('what became of the manifest', () => {
  test.each([
    ['absent', 'TagMissing'],
    ['damaged', 'ManifestDamaged'],
    ['denied', 'PullDenied'],
    ['unreachable', 'NotExamined'],
    ['unsupported', 'ManifestUnsupported'],
  ] as const)('%s behind a tag: %s', (state, code) => {
    expect(diagnose(byTag, evidence(manifest({ sight: SIGHTS[state] })), LINUX)).toEqual([
      { code, subject: 'v1', cause: SIGHTS[state].code, message: SIGHTS[state].message, harmful: true },
    ])
  })

  test('absent although the registry lists the tag: ManifestMissing, and the message says so', () => {
    const [defect] = diagnose(byTag, evidence(manifest({ sight: SIGHTS.absent }), { tagListed: true }), LINUX)
    expect(defect).toMatchObject({
      code: 'ManifestMissing',
      message: expect.stringContaining('lists tag v1'),
    })
  })

  test('absent under a digest: ManifestMissing', () => {
    const gone = manifest({ reference: DIGEST, sight: SIGHTS.absent })
    expect(diagnose(byDigest, evidence(gone), LINUX)).toMatchObject([
      { code: 'ManifestMissing', subject: DIGEST },
    ])
  })
})

describe('what became of config and layers', () => {
  test.each([
    ['absent', 'ConfigMissing', 'LayerMissing'],
    ['damaged', 'ConfigDamaged', 'LayerDamaged'],
    ['denied', 'PullDenied', 'PullDenied'],
    ['unreachable', 'NotExamined', 'NotExamined'],
    ['unsupported', 'ManifestUnsupported', 'ManifestUnsupported'],
  ] as const)('%s: %s and %s', (state, config, layer) => {
    const image = manifest({ config: blob(SIGHTS[state]), layers: [blob(PRESENT), blob(SIGHTS[state])] })
    const codes = diagnose(byTag, evidence(image), LINUX).map(({ code }) => code)
    expect(codes).toEqual([config, layer])
  })

  test('of one platform names the platform', () => {
    const child = manifest({ platform: arm64, layers: [blob(SIGHTS.absent)] })
    const defects = diagnose(byTag, evidence(manifest({ children: [child] })), { platforms: [arm64] })
    expect(defects).toMatchObject([{ code: 'LayerMissing', platform: 'linux/arm64/v8', harmful: true }])
  })
})

describe('an index', () => {
  const of = (...children: Partial<ManifestEvidence>[]) =>
    evidence(manifest({ isIndex: true, digest: DIGEST, children: children.map(manifest) }))

  test('without a manifest for any node cannot be pulled', () => {
    for (const children of [[], [{ platform: arm64 }], [{ platform: { ...amd64, variant: 'v3' } }]]) {
      expect(diagnose(byTag, of(...children), LINUX)).toMatchObject([
        {
          code: 'PlatformMissing',
          subject: DIGEST,
          harmful: true,
          message: 'the index has no manifest for linux/amd64',
        },
      ])
    }
  })

  test('with one that nodes can run has no defect, also where that is deeper down', () => {
    expect(diagnose(byTag, of({ platform: arm64 }, { platform: amd64 }), LINUX)).toEqual([])
    const nested = { isIndex: true, children: [manifest({ platform: amd64 })] }
    expect(diagnose(byTag, of(nested), LINUX)).toEqual([])
    expect(diagnose(byTag, of({ platform: arm64 }), { platforms: [] })).toEqual([])
  })

  test('that nobody uses may be for nodes elsewhere', () => {
    expect(diagnose(unusedImage('registry.example/app:v1'), of({ platform: arm64 }), LINUX)).toEqual([])
  })
})

describe('S24: what nobody would notice is harmless', () => {
  const goneFor = (platform: ManifestEvidence['platform']) =>
    evidence(manifest({ children: [manifest({ reference: DIGEST, platform, sight: SIGHTS.absent })] }))

  test.each([
    ['a platform that a node has', amd64, LINUX.platforms, true],
    ['a platform that no node has', arm64, LINUX.platforms, false],
    [
      'another variant of an architecture that a node has',
      arm64,
      [{ os: 'linux', architecture: 'arm64' }],
      true,
    ],
    ['another system', { os: 'windows', architecture: 'amd64' }, LINUX.platforms, false],
    ['an attestation', { os: 'unknown', architecture: 'unknown' }, LINUX.platforms, false],
    ['an attestation, nodes unknown', { os: 'unknown', architecture: 'unknown' }, [], false],
    ['any platform, nodes unknown', arm64, [], true],
    ['a child without a platform', undefined, LINUX.platforms, true],
  ])('%s', (_what, platform, platforms, harmful) => {
    expect(diagnose(byTag, goneFor(platform), { platforms })).toMatchObject([
      { code: 'PlatformMissing', subject: DIGEST, harmful },
    ])
  })

  test('everything below a platform that no node has', () => {
    const inner = manifest({ platform: amd64, layers: [blob(SIGHTS.absent)] })
    const outer = manifest({ platform: arm64, children: [inner] })
    expect(diagnose(byTag, evidence(manifest({ children: [outer] })), LINUX)).toMatchObject([
      { code: 'LayerMissing', platform: 'linux/amd64', harmful: false },
    ])
  })

  test('what is gone or damaged of an image that is never pulled; what was not seen stays not seen', () => {
    const never = imageUse('registry.example/app:v1', { neverPulled: true })
    for (const state of STATES) {
      const defects = diagnose(never, evidence(manifest({ sight: SIGHTS[state] })), LINUX)
      expect(defects).toMatchObject([{ harmful: state !== 'absent' && state !== 'damaged' }])
    }
  })
})

describe('S23: the digest that runs', () => {
  const running = (sight: Sight) => ({ running: [manifest({ reference: DIGEST, sight })] })

  test('gone while the tag resolves is Drifted, and harmless', () => {
    expect(diagnose(byTag, evidence(manifest(), running(SIGHTS.absent)), LINUX)).toMatchObject([
      { code: 'Drifted', subject: DIGEST, harmful: false },
    ])
  })

  test.each(['damaged', 'denied', 'unreachable', 'unsupported'] as const)('%s says nothing', (state) => {
    expect(diagnose(byTag, evidence(manifest(), running(SIGHTS[state])), LINUX)).toEqual([])
  })

  test('is no word more where the tag is gone, or a digest is written', () => {
    const gone = evidence(manifest({ sight: SIGHTS.absent }), running(SIGHTS.absent))
    expect(diagnose(byTag, gone, LINUX).map(({ code }) => code)).toEqual(['TagMissing'])
    expect(diagnose(byDigest, evidence(manifest(), running(SIGHTS.absent)), LINUX)).toEqual([])
  })
})

describe('any evidence', () => {
  const anySight = fc.constantFrom<Sight>(PRESENT, ...Object.values(SIGHTS))
  const anyBlob = fc.record({ digest: fc.constant(DIGEST), sight: anySight })
  const platform = fc.constantFrom(undefined, amd64, arm64, { os: 'unknown', architecture: 'unknown' })
  const { tree } = fc.letrec<{ tree: ManifestEvidence; none: readonly ManifestEvidence[] }>((tie) => ({
    none: fc.constant([]),
    tree: fc.record({
      reference: fc.constantFrom('v1', DIGEST),
      sight: anySight,
      platform,
      config: fc.option(anyBlob, { nil: undefined }),
      layers: fc.array(anyBlob, { maxLength: 3 }),
      children: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        tie('none'),
        fc.array(tie('tree'), { maxLength: 2 }),
      ),
    }),
  }))
  const anyEvidence = fc.record({
    repository: fc.constant('app'),
    manifest: tree,
    tagListed: fc.constantFrom(undefined, true, false),
    running: fc.array(tree, { maxLength: 2 }),
  })
  const statesIn = (node: ManifestEvidence): string[] => [
    node.sight.state,
    ...[node.config, ...node.layers].flatMap((each) => (each === undefined ? [] : [each.sight.state])),
    ...node.children.flatMap(statesIn),
  ]

  test('gives a defect of what is missing or damaged only where something was absent or damaged', () => {
    fc.assert(
      fc.property(anyEvidence, fc.constantFrom(byTag, byDigest), (seen, use) => {
        const states = new Set(statesIn(seen.manifest))
        for (const { code } of diagnose(use, seen, LINUX)) {
          if (/Missing$/.test(code)) expect(states).toContain('absent')
          if (/Damaged$/.test(code)) expect(states).toContain('damaged')
        }
      }),
    )
  })

  test('gives a defect wherever the manifest, or what it names, could not be seen', () => {
    fc.assert(
      fc.property(anyEvidence, (seen) => {
        const isWhole = statesIn(seen.manifest).every((state) => state === 'present')
        const defects = diagnose(byTag, seen, LINUX).filter(({ code }) => code !== 'Drifted')
        if (isWhole) expect(defects).toEqual([])
        else if (seen.manifest.sight.state !== 'present') expect(defects).toHaveLength(1)
      }),
    )
  })
})
