import fc from 'fast-check'
import { FINDING_CODES, type FindingCode, SEVERITIES, type Severity } from '#catalogue/finding-codes.ts'
import type { Finding } from '#health/finding.ts'
import type { JudgedImage } from '#health/roll-up.ts'
import { imageUse } from '#test/harness/image-use.ts'

/** Keys of a record whose keys are known, typed as such. */
function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): readonly K[] {
  return Object.keys(record).filter((key): key is K => key in record)
}

export const FINDING_CODE_LIST: readonly FindingCode[] = keysOf(FINDING_CODES)

/** A harmful finding of level Warning, but for what `changes` says otherwise. */
export function findingOf(code: FindingCode, changes: Partial<Finding> = {}): Finding {
  return {
    code,
    subject: 'v1',
    message: `${code} was seen`,
    harmful: FINDING_CODES[code].class !== 'info',
    severity: 'Warning',
    use: imageUse('registry.example/app:v1'),
    ...changes,
  }
}

export const anySeverity: fc.Arbitrary<Severity> = fc.constantFrom(...SEVERITIES)

export function anyFindingOf(codes: readonly FindingCode[]): fc.Arbitrary<Finding> {
  return fc
    .record({
      code: fc.constantFrom(...codes),
      severity: anySeverity,
      harmful: fc.boolean(),
      image: fc.constantFrom('a:1', 'b:1', 'c:1'),
      platform: fc.constantFrom(undefined, 'linux/amd64', 'linux/arm64'),
    })
    .map(({ code, image, ...rest }) => findingOf(code, { ...rest, use: imageUse(image) }))
}

export const anyFinding = anyFindingOf(FINDING_CODE_LIST)

/** What was found of one image, and what of it is accepted for a time. */
export const anyJudgedImage: fc.Arbitrary<JudgedImage> = fc.record({
  findings: fc.array(anyFinding, { maxLength: 3 }),
  ignored: fc.array(anyFinding, { maxLength: 2 }),
})
