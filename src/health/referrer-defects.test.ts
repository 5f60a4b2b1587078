import { describe, expect, test } from 'vitest'
import type { BlobEvidence, ManifestEvidence, NotPresent } from '#health/evidence.ts'
import { judge } from '#health/judge.ts'
import { referrerDefects } from '#health/referrer-defects.ts'
import { stateOf } from '#health/roll-up.ts'
import { imageUse } from '#test/harness/image-use.ts'

const SUBJECT = `sha256:${'a'.repeat(64)}`
const SIGNATURE = `sha256-${'a'.repeat(64)}.sig`
const PRESENT = { state: 'present' } as const
const ABSENT: NotPresent = { state: 'absent', code: 'REGISTRY_ABSENT', message: 'it answered 404' }
const DAMAGED: NotPresent = { state: 'damaged', code: 'REGISTRY_SIZE_MISMATCH', message: 'it is too short' }
const DENIED: NotPresent = { state: 'denied', code: 'REGISTRY_FORBIDDEN', message: 'it answered 403' }

function signature(changes: Partial<ManifestEvidence> = {}): ManifestEvidence {
  return { reference: SIGNATURE, sight: PRESENT, layers: [], children: [], ...changes }
}
const blob = (sight: BlobEvidence['sight']): BlobEvidence => ({ digest: SUBJECT, sight })
const codes = (found: readonly ManifestEvidence[], unlisted: readonly NotPresent[] = []) =>
  referrerDefects(SUBJECT, { found, unlisted }).map(({ code }) => code)

describe('a referrer', () => {
  test('that is whole is no defect', () => {
    expect(codes([signature({ config: blob(PRESENT), layers: [blob(PRESENT)] })])).toEqual([])
  })

  test('is missing or damaged where it, or a part of it, is; other answers say that it was not seen', () => {
    expect(codes([signature({ sight: ABSENT })])).toEqual(['ReferrerMissing'])
    expect(codes([signature({ layers: [blob(ABSENT), blob(DAMAGED)] })])).toEqual([
      'ReferrerMissing',
      'ReferrerDamaged',
    ])
    expect(codes([signature({ children: [signature({ config: blob(DAMAGED) })] })])).toEqual([
      'ReferrerDamaged',
    ])
    expect(codes([signature({ sight: DENIED })])).toEqual(['PullDenied'])
  })

  test('is named with its subject', () => {
    const [defect] = referrerDefects(SUBJECT, { found: [signature({ sight: ABSENT })], unlisted: [] })
    expect(defect).toMatchObject({ subject: SIGNATURE, harmful: false, cause: 'REGISTRY_ABSENT' })
    expect(defect?.message).toBe(`${SIGNATURE} refers to ${SUBJECT}: it answered 404`)
  })

  test('that could not be listed is not called missing', () => {
    expect(codes([], [ABSENT, DAMAGED, DENIED])).toEqual(['NotExamined', 'NotExamined', 'PullDenied'])
  })

  test.each([undefined, 'Warning', 'Critical'] as const)(
    'has the severity %s of the spec where somebody uses the image, which stays healthy',
    (severity) => {
      const evidence = {
        repository: 'app',
        manifest: { ...signature(), reference: 'v1', digest: SUBJECT },
        running: [],
        referrers: { found: [signature({ sight: ABSENT })], unlisted: [] },
      }
      const context = { platforms: [], severity: [], ignore: [], now: 0, referrers: severity }
      const used = judge(imageUse('registry.example/app:v1'), evidence, context)
      expect(used.findings.map((finding) => finding.severity)).toEqual([severity ?? 'Info'])
      expect(stateOf(used)).toBe('healthy')
      const unused = judge(imageUse('registry.example/app:v1', { kinds: [] }), evidence, context)
      expect(unused.findings.map((finding) => finding.severity)).toEqual(['Info'])
    },
  )
})
