import { FINDING_CODES, SEVERITIES } from '#catalogue/finding-codes.ts'
import { ADVICE } from '#report/advice.ts'
import type { CheckReport, ReportedFinding, ReportedImage } from '#report/check-report.ts'
import { userText } from '#report/user-text.ts'

/** A number where the column has labels (the place in that list) or counts something; else what is shown. */
export type Cell = string | number
/** The cells of the columns, then the lines of the details, which are searched too. */
export type Row = readonly [...Cell[], readonly string[]]

export interface Column {
  readonly title: string
  /** What the numbers of this column mean; the page offers them as a filter. */
  readonly labels?: readonly string[]
  /** Times are shown shorter than they are, names may be broken anywhere. */
  readonly kind: 'label' | 'name' | 'text' | 'word' | 'number' | 'time'
}

const CODES = Object.keys(FINDING_CODES).sort()
const OPEN = ['open', 'accepted']
const STATES = ['unhealthy', 'unknown', 'healthy']
const SEVERITIES_OR_NONE = [...SEVERITIES, 'None']
const USE = ['in use', 'unused']

export const FINDING_COLUMNS: readonly Column[] = [
  { title: 'Severity', kind: 'label', labels: SEVERITIES },
  { title: 'Finding', kind: 'label', labels: CODES },
  { title: 'Image', kind: 'name' },
  { title: 'Platform', kind: 'word' },
  { title: 'What was seen', kind: 'text' },
  { title: 'Used by', kind: 'name' },
  { title: 'Pods', kind: 'number' },
  { title: 'Since', kind: 'time' },
  { title: 'State', kind: 'label', labels: OPEN },
]

export const IMAGE_COLUMNS: readonly Column[] = [
  { title: 'State', kind: 'label', labels: STATES },
  { title: 'Image', kind: 'name' },
  { title: 'Use', kind: 'label', labels: USE },
  { title: 'Severity', kind: 'label', labels: SEVERITIES_OR_NONE },
  { title: 'Findings', kind: 'number' },
  { title: 'Used by', kind: 'name' },
  { title: 'Pods', kind: 'number' },
]

export function* findingRows({ findings }: CheckReport): Generator<Row> {
  for (const finding of findings) {
    const { severity, code, image, platform, message, users, pods, firstSeen, ignored } = finding
    yield [
      SEVERITIES.indexOf(severity),
      CODES.indexOf(code),
      image,
      platform ?? '',
      message,
      users.map(userText).join(', '),
      pods,
      firstSeen,
      ignored === null ? 0 : 1,
      [...acceptedLines(finding), ...evidenceLines(finding), ADVICE[code]],
    ]
  }
}

export function* imageRows({ images }: CheckReport): Generator<Row> {
  for (const image of images) {
    yield [
      STATES.indexOf(image.state),
      image.image,
      image.inUse ? 0 : 1,
      SEVERITIES_OR_NONE.indexOf(image.severity ?? 'None'),
      image.findings,
      image.users.map(userText).join(', '),
      image.pods,
      imageLines(image),
    ]
  }
}

/** What the registry was asked about it and answered, and where the image is, a line each. */
export function evidenceLines({ evidence, subject, nodes, pullFailures }: ReportedFinding): string[] {
  const { request, status, errorCode, expected, got } = evidence
  const asked = request === null ? [] : [`${request}${status === null ? '' : ` → ${status}`}`]
  const cause = errorCode === null ? [] : [errorCode]
  const digests = [expected === null ? '' : `expected ${expected}`, got === null ? '' : `got ${got}`]
  const failing = pullFailures === 0 ? [] : [`ImagePullBackOff: ${pullFailures}`]
  return [
    `about ${subject}`,
    ...asked,
    ...cause,
    ...digests.filter((text) => text !== ''),
    ...failing,
    ...listed('runs on', nodes.runs, nodes.runs.length),
    ...listed('ran on', nodes.ran, nodes.ran.length),
    ...listed('cached on', nodes.caches, nodes.cachingCount),
  ]
}

function acceptedLines({ ignored }: ReportedFinding): string[] {
  return ignored === null ? [] : [`accepted until ${ignored.until}: ${ignored.reason}`]
}

function imageLines({ repository, reference, digest }: ReportedImage): string[] {
  const place = repository === null ? [] : [reference === null ? repository : `${repository} ${reference}`]
  return [...place, ...(digest === null || digest === reference ? [] : [digest])]
}

function listed(what: string, names: readonly string[], count: number): string[] {
  if (count === 0) return []
  const more = count - names.length
  const all = [
    ...names,
    ...(more > 0 ? [`${more} ${names.length === 0 ? (more === 1 ? 'node' : 'nodes') : 'more'}`] : []),
  ]
  return [`${what} ${all.join(', ')}`]
}
