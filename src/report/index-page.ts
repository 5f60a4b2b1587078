import type { CurrentVerdict } from '#report/current-verdict.ts'
import { escapeHtml, foreign } from '#report/html-text.ts'
import { type NagiosState, nagiosState } from '#report/nagios-state.ts'
import { pageEnd, pageStart } from '#report/page.ts'

export interface IndexPage {
  readonly namespace: string
  readonly name: string
  readonly verdict: CurrentVerdict
  /** A line for each image that something is wrong with. */
  readonly problems: Iterable<string>
  /** Relative to the page. */
  readonly links: readonly { readonly href: string; readonly text: string }[]
  /** Why the full report is not to be had here; undefined: it is. */
  readonly missing: string | undefined
}

const MOODS: Readonly<Record<NagiosState, string>> = {
  OK: 'healthy',
  WARNING: 'warning',
  CRITICAL: 'critical',
  UNKNOWN: 'unknown',
}

/** How many problems the page names. */
const PROBLEMS = 20

/** Where a person begins: the verdict of one check, what is wrong, and the reports. */
export function* indexPage({ namespace, name, verdict, ...page }: IndexPage): Generator<string> {
  const state = nagiosState(verdict)
  yield pageStart(`${namespace}/${name}: ${state}`)
  yield `<p class="quiet">RegistryCheck ${foreign(`${namespace}/${name}`)}</p>
<h1><span class="badge ${MOODS[state]}">${state}</span> ${foreign(verdict.message)}</h1>
`
  if (page.missing !== undefined) yield `<p class="banner">${foreign(page.missing)}</p>\n`
  const links = page.links.map(({ href, text }) => `<li><a href="${escapeHtml(href)}">${text}</a></li>`)
  yield `<ul>${links.join('')}</ul>\n`
  const problems = [...page.problems]
  if (problems.length > 0) {
    const items = problems.slice(0, PROBLEMS).map((line) => `<li>${foreign(line)}</li>`)
    const more = problems.length > PROBLEMS ? `<li>and ${problems.length - PROBLEMS} more</li>` : ''
    yield `<h2>What is wrong</h2>\n<ul>${items.join('')}${more}</ul>\n`
  }
  yield pageEnd()
}
