import { counted } from '#catalogue/counted.ts'
import { byteText } from '#report/byte-text.ts'
import { factSheet, type HtmlColumn, htmlTable, tile, time } from '#report/html-parts.ts'
import { planSections } from '#report/html-plan-sections.ts'
import { escapeHtml, foreign, jsonForScript } from '#report/html-text.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import { pageFrame } from '#report/page.ts'
import type { PlanHead } from '#report/plan-document.ts'
import { PLAN_SCRIPT } from '#report/plan-page-script.ts'

const PAGE = pageFrame(PLAN_SCRIPT)

/** The Content-Security-Policy to serve the page of a plan with. */
export const PLAN_PAGE_POLICY = PAGE.policy

/**
 * The plan as one file that needs nothing else: summary, what stands against it, what changed, then every tag by repository, to filter. The rows are
 * the packed blocks as they are, in base64; without JavaScript the counts of each repository are shown.
 */
export function* htmlPlan(plan: PackedPlan): Generator<string, void, void> {
  const { head, repositories, blocks } = plan
  yield PAGE.start(`${head.policy.namespace}/${head.policy.name}: ${headline(head)}`)
  yield summary(head)
  yield* planSections(head)
  yield '<section><h2>Every tag, by repository</h2><div class="sheet"><noscript>\n'
  yield* htmlTable(REPOSITORY_COLUMNS, repositoryRows(repositories))
  yield '<p class="more">The tags of each need JavaScript. The same rows are in the CSV file of the plan.</p></noscript>\n'
  yield '<div data-plan></div></div>\n'
  const names = repositories.map(({ name }) => name)
  yield `<script type="application/json" id="plan">${jsonForScript({ repositories: names })}</script>\n`
  for (const block of blocks) {
    yield `<script type="application/gzip" data-block>${block.toString('base64')}</script>\n`
  }
  yield '</section>\n'
  yield PAGE.end()
}

const REPOSITORY_COLUMNS: readonly HtmlColumn[] = [
  ['Repository', 'name'],
  ['Evict', 'number'],
  ['Untag', 'number'],
  ['Stay', 'number'],
]

function* repositoryRows(repositories: PackedPlan['repositories']): Generator<string[]> {
  for (const { name, evict, untag, keep } of repositories)
    yield [foreign(name), `${evict}`, `${untag}`, `${keep}`]
}

function headline({ summary: { tags, evict, untag } }: PlanHead): string {
  return evict + untag === 0
    ? 'nothing goes'
    : `${evict + untag} of ${counted(tags, 'tag')} ${evict + untag === 1 ? 'goes' : 'go'}`
}

function summary(head: PlanHead): string {
  const { policy, registry, mode, digest, rules, readAt, summary: all } = head
  const facts = [
    ['Registry', `${foreign(registry.name)}<br>${foreign(registry.url)}`],
    ['Mode', foreign(mode)],
    ['Read at', time(readAt, true)],
    ['Digest of the plan', `<code>${escapeHtml(digest)}</code>`],
    ['Digest of the rules', `<code>${escapeHtml(rules)}</code>`],
  ] as const
  const tiles = [
    tile(all.evict, all.evict === 1 ? 'goes with its digest' : 'go with their digest', 'alarm'),
    tile(all.untag, all.untag === 1 ? 'goes, its digest stays' : 'go, their digest stays', 'caution'),
    tile(all.keep, all.keep === 1 ? 'stays' : 'stay', 'fine'),
    tile(
      all.tags,
      `${all.tags === 1 ? 'tag' : 'tags'} in ${counted(all.repositories, 'repository', 'repositories')}`,
    ),
    tile(all.digests, all.digests === 1 ? 'digest goes' : 'digests go'),
    tile(byteText(all.unreferencedBytes), 'become unreferenced'),
  ]
  const standing = head.blocks.length > 0
  return `<header>
<p class="quiet">Plan of RegistryPolicy ${foreign(`${policy.namespace}/${policy.name}`)}</p>
<h1>${headline(head)}</h1>
<p class="verdict ${standing ? 'warning' : 'info'}">${standing ? 'As it is, nothing of it is carried out: see what stands against it.' : escapeHtml(whatNext(mode))}</p>
${factSheet(facts)}
<ul class="tiles">${tiles.join('')}</ul>
<p class="quiet">Layers that several images share count once, and not at all where something that stays has them. The registry's garbage collection frees the bytes, with onEvict: Trash once the copies in the trash have gone.</p>
</header>
`
}

function whatNext(mode: string): string {
  switch (mode) {
    case 'DryRun':
      return 'With spec.mode: DryRun nothing of it is carried out.'
    case 'Approve':
      return 'It is carried out once spec.approvedPlan names its digest.'
    default:
      return 'It is carried out as far as every plan over spec.soak says the same.'
  }
}
