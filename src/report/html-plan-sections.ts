import { counted } from '#catalogue/counted.ts'
import { type HtmlColumn, htmlTable } from '#report/html-parts.ts'
import { foreign } from '#report/html-text.ts'
import type { ChangedTag, PlanChanges } from '#report/plan-changes.ts'
import type { PlanHead } from '#report/plan-document.ts'
import type { Block } from '#retention/blocks.ts'
import { REASONS, type ReasonCode } from '#retention/reasons.ts'

/** What stands against a plan, which rules match nothing, how it differs from the one before, and its reasons by count. All of it is short. */
export function* planSections({ blocks, unmatchedRules, changes, summary }: PlanHead): Generator<string> {
  if (blocks.length > 0) yield blocksSection(blocks)
  if (unmatchedRules.length > 0) yield unmatchedSection(unmatchedRules)
  if (changes !== null) yield* changesSection(changes)
  yield* reasonsSection(summary.reasons)
}

function blocksSection(blocks: readonly Block[]): string {
  const items = blocks.map(({ code, message, isAcceptable }) => {
    const said = message === '' ? '' : `: ${foreign(message)}`
    const approval = isAcceptable ? 'an approval of this plan accepts it' : 'no approval accepts it'
    return `<li><b>${code}</b>${said} <span class="quiet">(${approval})</span></li>`
  })
  return `<section><h2>What stands against it</h2><ul>${items.join('')}</ul></section>\n`
}

function unmatchedSection(names: readonly string[]): string {
  const items = names.map((name) => `<li>${foreign(name)}</li>`)
  return `<section><h2>Rules that match no repository</h2>
<p class="quiet">They are misspelt, or meant for other registries: the rules after them decide.</p><ul>${items.join('')}</ul></section>\n`
}

function* changesSection(changes: PlanChanges): Generator<string> {
  const { before, added, dropped, unchanged, firstAdded, firstDropped } = changes
  yield `<section><h2>Compared with the plan before</h2>
<p class="quiet">That was <code>${foreign(before)}</code>. ${counted(unchanged, 'tag')} ${unchanged === 1 ? 'goes' : 'go'} by both.</p>\n`
  yield* changedTags(`${added} more ${added === 1 ? 'goes' : 'go'}`, added, firstAdded)
  yield* changedTags(`${dropped} ${dropped === 1 ? 'does' : 'do'} not go any more`, dropped, firstDropped)
  yield '</section>\n'
}

const CHANGED_COLUMNS: readonly HtmlColumn[] = [
  ['Action', 'word'],
  ['Image', 'name'],
  ['Why', 'text'],
  ['Digest', 'digest'],
]

function* changedTags(title: string, count: number, tags: readonly ChangedTag[]): Generator<string> {
  if (count === 0) {
    yield `<p>${title}.</p>\n`
    return
  }
  yield `<details><summary>${title}</summary>\n`
  yield* htmlTable(
    CHANGED_COLUMNS,
    tags.map(({ repository, tag, action, reason, digest }) => [
      action,
      `${foreign(repository)}:${foreign(tag)}`,
      foreign(reason),
      foreign(digest ?? ''),
    ]),
  )
  if (count > tags.length) yield `<p class="quiet">The first ${tags.length} are shown here.</p>\n`
  yield '</details>\n'
}

const CODES = Object.keys(REASONS).filter((code): code is ReasonCode => code in REASONS)

const REASON_COLUMNS: readonly HtmlColumn[] = [
  ['Verdict', 'word'],
  ['Reason', 'word'],
  ['Tags', 'number'],
  ['It means', 'text'],
]
const VERDICTS = {
  go: '<span class="badge critical">goes</span>',
  keep: '<span class="badge healthy">stays</span>',
} as const

function* reasonsSection(counts: PlanHead['summary']['reasons']): Generator<string> {
  yield '<section><h2>Why</h2><div class="sheet">'
  yield* htmlTable(
    REASON_COLUMNS,
    CODES.filter((code) => counts[code] !== undefined).map((code) => {
      const { verdict, means } = REASONS[code]
      return [VERDICTS[verdict], code, `${counts[code]}`, foreign(means)]
    }),
  )
  yield '</div></section>\n'
}
