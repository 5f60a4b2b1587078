import { ERROR_CODES } from '#catalogue/error-codes.ts'
import { EVENT_REASONS } from '#catalogue/events.ts'
import { FINDING_CODES } from '#catalogue/finding-codes.ts'
import { METRICS, type MetricEntry } from '#catalogue/metrics.ts'
import { PROCESS_METRICS } from '#catalogue/process-metrics.ts'
import { CONDITION_REASONS, CONDITION_TYPES } from '#catalogue/reasons.ts'
import { KINDS } from '#crds/index.ts'
import { structural } from '#crds/manifest.ts'

/** The reference pages, made from the catalogue and the schemas: docs/reference/<name>. */
export function referencePages(): Record<string, string> {
  return {
    'errors.md': page(
      'Error codes',
      'Every error that Tallyman logs or shows carries one of these codes. They are never renamed.',
      [
        table(
          ['Code', 'Kind', 'Tried again', 'What happened', 'What to do'],
          Object.entries(ERROR_CODES).map(([code, e]) => [
            `\`${code}\``,
            e.kind,
            e.retry === 'backoff' ? 'yes' : 'no',
            e.means,
            e.remedy,
          ]),
        ),
      ],
    ),
    'conditions.md': page(
      'Conditions',
      '`Ready`, `Reconciling` and `Stalled` speak about the spec (kstatus); the others are verdicts about the world.',
      [
        table(
          ['Type', 'Meaning'],
          Object.entries(CONDITION_TYPES).map(([type, means]) => [`\`${type}\``, means]),
        ),
        table(
          ['Reason', 'On', 'Meaning'],
          Object.entries(CONDITION_REASONS).map(([reason, r]) => [`\`${reason}\``, r.on.join(', '), r.means]),
        ),
      ],
    ),
    'events.md': page('Events', 'Written on transitions only, never once per image.', [
      table(
        ['Reason', 'Type', 'Meaning'],
        Object.entries(EVENT_REASONS).map(([reason, e]) => [`\`${reason}\``, e.type, e.means]),
      ),
    ]),
    'findings.md': page(
      'Finding codes',
      'Only `missing` and `damaged` say that a pull fails. `denied`, `unreachable` and `unsupported` say that nobody could look.',
      [
        table(
          ['Code', 'Class', 'Meaning'],
          Object.entries(FINDING_CODES).map(([code, f]) => [`\`${code}\``, f.class, f.means]),
        ),
      ],
    ),
    'metrics.md': page(
      'Metrics',
      'Served at `/metrics` by every replica. No label carries an image, a tag or a pod.',
      [
        metricTable(METRICS),
        '## The process\n\nUnder the names that prom-client gives them.\n',
        metricTable(PROCESS_METRICS),
      ],
    ),
    'fields.md': page(
      'Fields',
      'Every field of every kind. `kubectl explain` shows the same texts.',
      KINDS.map((kind) =>
        [
          `## ${kind.kind}\n\n${kind.description}\n`,
          '### spec\n',
          fieldTable(structural(kind.spec), 'spec'),
          '### status\n',
          fieldTable(structural(kind.status), 'status'),
        ].join('\n'),
      ),
    ),
  }
}

const HEADER = '<!-- Written by `make generate` from src/catalogue and src/crds. Edit there. -->'

function page(title: string, lead: string, parts: string[]): string {
  return `${HEADER}\n\n# ${title}\n\n${lead}\n\n${parts.join('\n')}`
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}

function metricTable(metrics: Readonly<Record<string, MetricEntry>>): string {
  return table(
    ['Metric', 'Type', 'Labels', 'Meaning'],
    Object.entries(metrics).map(([name, m]) => [
      `\`${name}\``,
      m.type,
      m.labels.map((l) => `\`${l}\``).join(', '),
      m.means,
    ]),
  )
}

function fieldTable(schema: Record<string, unknown>, path: string): string {
  return table(['Field', 'Type', 'Default', 'Description'], fieldRows(schema, path))
}

function fieldRows(schema: Record<string, unknown>, path: string): string[][] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  return Object.entries(record(schema.properties)).flatMap(([name, value]) => {
    const field = record(value)
    const items = record(field.items)
    const isList = field.type === 'array'
    const fieldPath = `${path}.${name}${isList ? '[]' : ''}`
    const inner = isList ? items : field
    const row = [
      `\`${fieldPath}\`${required.has(name) ? ' (required)' : ''}`,
      typeText(isList, inner),
      field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``,
      [field.description, ...rules(field), ...(isList ? rules(items) : [])].filter(Boolean).join(' '),
    ]
    return [row, ...fieldRows(inner, fieldPath)]
  })
}

function typeText(isList: boolean, field: Record<string, unknown>): string {
  const values = Array.isArray(field.enum)
    ? field.enum.map((value) => `\`${String(value)}\``).join(', ')
    : String(field.type)
  return isList ? `list of ${values}` : values
}

function rules(field: Record<string, unknown>): string[] {
  const validations = field['x-kubernetes-validations']
  if (!Array.isArray(validations)) return []
  return validations.map((validation) => `Rule: ${String(record(validation).message)}.`)
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
