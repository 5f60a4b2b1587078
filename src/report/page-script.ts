import { matchingRows } from '#report/matching-rows.ts'
import { SCRIPT_PARTS } from '#report/script-parts.ts'

/**
 * What the page of a report runs: it fills the tables from the data beside them, filters and sorts, and says how old the
 * report is. Texts get into the page as text only. No request goes anywhere.
 */
export const PAGE_SCRIPT = String.raw`'use strict'
const ROWS_AT_ONCE = 100
const COLOURED = ['critical', 'warning', 'info', 'unhealthy', 'unknown', 'healthy']
${SCRIPT_PARTS}const matchingRows = ${matchingRows.toString()}

function shown(column, cell) {
  if (column.labels) {
    const label = column.labels[cell]
    const colour = label.toLowerCase()
    return COLOURED.includes(colour) ? element('span', 'badge ' + colour, label) : label
  }
  if (column.kind === 'time') return String(cell).slice(0, 16).replace('T', ' ')
  if (column.kind === 'number') return String(cell)
  return cell === '' ? '' : element('bdi', '', cell)
}

function tableRow(columns, row) {
  const cells = columns.map((column, index) => {
    const cell = element('td', column.kind, shown(column, row[index]))
    cell.dataset.title = column.title
    return cell
  })
  const lines = row[columns.length]
  if (lines.length > 0) {
    const items = lines.map((line) => element('li', '', element('bdi', '', line)))
    const summary = element('summary', 'quiet', 'Details')
    const target = columns.findIndex((column) => column.kind === 'name')
    cells[target].append(element('details', '', summary, element('ul', 'evidence', ...items)))
  }
  return element('tr', '', ...cells)
}

function fill(section) {
  const data = document.getElementById(section.dataset.rows)
  const { columns, rows } = JSON.parse(data.textContent)
  const texts = rows.map((row) =>
    columns.map((column, index) => (column.labels ? column.labels[row[index]] : row[index]))
      .concat(row[columns.length]).join('\n').toLowerCase())
  const query = { text: '', only: columns.map(() => null), sortBy: 0, descending: false }
  const body = element('tbody')
  const status = element('output', 'quiet')
  const more = element('button')
  const heads = columns.map((column, index) => {
    const button = element('button', '', column.title)
    button.type = 'button'
    button.addEventListener('click', () => {
      query.descending = query.sortBy === index && !query.descending
      query.sortBy = index
      refresh()
    })
    const head = element('th', column.kind, button)
    head.scope = 'col'
    return head
  })
  // A narrow window has no heads to press.
  const order = element('select', 'order', ...columns.flatMap((column, index) => [
    new Option('Order: ' + column.title + ' \u2191', index + ' 0'),
    new Option('Order: ' + column.title + ' \u2193', index + ' 1'),
  ]))
  order.setAttribute('aria-label', 'Order')
  order.addEventListener('change', () => {
    const [by, down] = order.value.split(' ')
    query.sortBy = Number(by)
    query.descending = down === '1'
    refresh()
  })
  let found = []
  let count = 0
  function showMore() {
    const next = found.slice(count, count + ROWS_AT_ONCE)
    body.append(...next.map((index) => tableRow(columns, rows[index])))
    count += next.length
    more.textContent = 'Show ' + Math.min(ROWS_AT_ONCE, found.length - count) + ' more of ' + (found.length - count)
    more.hidden = count >= found.length
  }
  function refresh() {
    found = matchingRows(rows, texts, query)
    heads.forEach((head, index) => {
      if (index === query.sortBy) head.setAttribute('aria-sort', query.descending ? 'descending' : 'ascending')
      else head.removeAttribute('aria-sort')
    })
    order.value = query.sortBy + (query.descending ? ' 1' : ' 0')
    status.textContent = found.length + ' of ' + rows.length
    body.replaceChildren()
    count = 0
    showMore()
  }
  const search = element('input')
  search.type = 'search'
  search.placeholder = 'Words to look for'
  search.setAttribute('aria-label', 'Words to look for')
  search.addEventListener('input', () => { query.text = search.value; refresh() })
  const selects = columns.flatMap((column, index) => {
    if (!column.labels) return []
    const used = new Set(rows.map((row) => row[index]))
    if (used.size < 2) return []
    const select = element('select', '', new Option(column.title + ': all', ''))
    column.labels.forEach((label, number) => {
      if (used.has(number)) select.append(new Option(label, String(number)))
    })
    select.setAttribute('aria-label', column.title)
    select.addEventListener('change', () => {
      query.only[index] = select.value === '' ? null : Number(select.value)
      refresh()
    })
    return [select]
  })
  more.type = 'button'
  more.addEventListener('click', showMore)
  status.setAttribute('aria-live', 'polite')
  const table = element('table', '', element('thead', '', element('tr', '', ...heads)), body)
  section.replaceChildren(
    element('div', 'controls', search, ...selects, order, status),
    element('div', 'scroll', table),
    element('div', 'more', more))
  refresh()
}

const outdated = document.getElementById('outdated')
if (outdated && Date.now() > Date.parse(outdated.dataset.until)) outdated.hidden = false
for (const section of document.querySelectorAll('[data-rows]')) fill(section)
`
