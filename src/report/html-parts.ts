import { escapeHtml } from '#report/html-text.ts'

/** A number that matters, with what it counts. @param mood shown where it is not 0 */
export function tile(
  count: number | string,
  what: string,
  mood: 'alarm' | 'caution' | 'fine' | '' = '',
): string {
  return `<li class="sheet ${count === 0 ? '' : mood}"><b>${count}</b> ${what}</li>`
}

/** @param text RFC 3339 */
export function time(text: string, withAge = false): string {
  const safe = escapeHtml(text)
  return `<time datetime="${safe}"${withAge ? ' data-age' : ''}>${safe.slice(0, 16).replace('T', ' ')} UTC</time>`
}

/** @param facts term and mark-up */
export function factSheet(facts: readonly (readonly [term: string, fact: string])[]): string {
  const items = facts.map(([term, fact]) => `<div><dt>${term}</dt><dd>${fact}</dd></div>`)
  return `<dl class="facts sheet">${items.join('')}</dl>`
}

/** @param kind a class of the style @see PAGE_STYLE */
export type HtmlColumn = readonly [title: string, kind: 'word' | 'name' | 'text' | 'number' | 'digest']

/** A table in pieces. @param rows mark-up, a cell for each column */
export function* htmlTable(
  columns: readonly HtmlColumn[],
  rows: Iterable<readonly string[]>,
): Generator<string, void, void> {
  const heads = columns.map(([title, kind]) => `<th class="${kind}" scope="col">${title}</th>`)
  yield `<div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead><tbody>\n`
  for (const row of rows) {
    const cells = columns.map(
      ([title, kind], at) => `<td class="${kind}" data-title="${title}">${row[at] ?? ''}</td>`,
    )
    yield `<tr>${cells.join('')}</tr>\n`
  }
  yield '</tbody></table></div>\n'
}
