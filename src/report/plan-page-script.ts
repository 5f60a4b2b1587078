import { counted } from '#catalogue/counted.ts'
import { matchingTags } from '#report/matching-tags.ts'
import { SCRIPT_PARTS } from '#report/script-parts.ts'

/**
 * What the page of a plan runs: it unpacks the rows, filters them, and shows them by repository, a page at a time. Texts get into the page as
 * text only. No request goes anywhere.
 */
export const PLAN_SCRIPT = `'use strict'
const REPOSITORIES_AT_ONCE = 50
const TAGS_AT_ONCE = 100
${SCRIPT_PARTS}const counted = ${counted.toString()}
const matchingTags = ${matchingTags.toString()}
const ACTIONS = ['evict', 'untag', 'keep']
const BADGES = ['critical', 'warning', 'healthy']
const SAID = ['evict', 'untag', 'stay']
const CHOICES = [
  ['What goes', [0, 1]], ['evict', [0]], ['untag', [1]], ['What stays', [2]], ['Everything', [0, 1, 2]],
]
const ORDERS = [
  ['most that goes first', (a, b) => b.count[0] + b.count[1] - a.count[0] - a.count[1] || a.place - b.place],
  ['name', (a, b) => a.place - b.place],
  ['most tags first', (a, b) => b.rows.length - a.rows.length || a.place - b.place],
]

async function unpacked(text) {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return JSON.parse(await new Response(stream).text())
}

function dictionary() {
  const places = new Map()
  const texts = []
  const place = (text) => {
    const known = places.get(text)
    if (known !== undefined) return known
    places.set(text, texts.length)
    texts.push(text)
    return texts.length - 1
  }
  return { texts, place }
}

function say(section, text) {
  section.replaceChildren(element('p', 'more', text))
}

async function tableOf(head, section) {
  const blocks = document.querySelectorAll('script[data-block]')
  const reasons = dictionary()
  const codes = dictionary()
  const rules = dictionary()
  const table = {
    repositories: head.repositories, reasons: reasons.texts, rules: rules.texts, codes: codes.texts, says: [],
    tag: [], digest: [], repository: [], action: [], code: [], reason: [], rule: [],
  }
  for (const [at, block] of blocks.entries()) {
    for (const [repository, tag, action, code, reason, rule, digest] of await unpacked(block.textContent)) {
      table.repository.push(repository)
      table.tag.push(tag)
      table.action.push(action)
      table.code.push(codes.place(code))
      const place = reasons.place(reason + ' ' + code)
      table.says[place] = reason
      table.reason.push(place)
      table.rule.push(rules.place(rule === null ? '' : rule))
      table.digest.push(digest === null ? '' : digest)
    }
    block.remove()
    say(section, 'Unpacking ' + (at + 1) + ' of ' + blocks.length)
  }
  return table
}

function groupsOf(table, found) {
  const groups = []
  let group
  for (const at of found) {
    const place = table.repository[at]
    if (group === undefined || group.place !== place) {
      group = { place, rows: [], count: [0, 0, 0] }
      groups.push(group)
    }
    group.rows.push(at)
    group.count[table.action[at]] += 1
  }
  return groups
}

function tagRow(table, at) {
  const action = table.action[at]
  const rule = table.rules[table.rule[at]]
  const why = element('td', 'text', element('bdi', '', table.says[table.reason[at]]))
  if (rule !== '') why.append(element('div', 'quiet', 'rule ', element('bdi', '', rule)))
  const cells = [
    element('td', 'word', element('span', 'badge ' + BADGES[action], ACTIONS[action])),
    element('td', 'name', element('bdi', '', table.tag[at])),
    why,
    element('td', 'word', table.codes[table.code[at]]),
    element('td', 'digest', table.digest[at]),
  ]
  const row = element('tr', '', ...cells)
  cells.forEach((cell, index) => { cell.dataset.title = COLUMNS[index] })
  return row
}
const COLUMNS = ['Action', 'Tag', 'Why', 'Reason', 'Digest']

// What is left is shown a page at a time, on demand.
function pager(all, atOnce, show) {
  const more = element('button')
  more.type = 'button'
  const place = element('div', 'more', more)
  let count = 0
  const next = () => {
    const some = all.slice(count, count + atOnce)
    count += some.length
    show(some)
    const left = all.length - count
    more.textContent = 'Show ' + Math.min(atOnce, left) + ' more of ' + left
    place.hidden = left === 0
  }
  more.addEventListener('click', next)
  next()
  return place
}

function repositoryOf(table, group, isOpen) {
  const badges = group.count.flatMap((count, action) =>
    count === 0 ? [] : [element('span', 'badge ' + BADGES[action], count + ' ' + SAID[action])])
  const summary = element('summary', '', element('bdi', '', table.repositories[group.place]), ...badges)
  const made = element('details', 'repository', summary)
  made.addEventListener('toggle', () => {
    if (made.childElementCount > 1) return
    const body = element('tbody')
    const heads = COLUMNS.map((title) => element('th', '', title))
    heads.forEach((head) => { head.scope = 'col' })
    const rows = pager(group.rows, TAGS_AT_ONCE, (some) => body.append(...some.map((at) => tagRow(table, at))))
    made.append(
      element('div', 'scroll', element('table', '', element('thead', '', element('tr', '', ...heads)), body)), rows)
  })
  made.open = isOpen
  return made
}

function chooser(label, options) {
  const select = element('select', '', ...options.map(([text], index) => new Option(text, String(index))))
  select.setAttribute('aria-label', label)
  return select
}

function show(table, section) {
  const search = element('input')
  search.type = 'search'
  search.placeholder = 'Words to look for'
  search.setAttribute('aria-label', 'Words to look for')
  const goes = table.action.some((action) => action !== 2)
  const actions = chooser('Action', CHOICES)
  actions.value = goes ? '0' : '4'
  const sorted = table.codes.map((text, place) => [text, place]).sort(([a], [b]) => (a < b ? -1 : 1))
  const codes = chooser('Reason', [['Reason: all', null], ...sorted])
  const order = chooser('Order', ORDERS.map(([text]) => ['Order: ' + text]))
  const status = element('output', 'quiet')
  status.setAttribute('aria-live', 'polite')
  const list = element('div')
  function refresh() {
    const code = codes.value === '0' ? null : sorted[Number(codes.value) - 1][1]
    const query = { text: search.value, actions: CHOICES[Number(actions.value)][1], code }
    const found = matchingTags(table, query)
    const groups = groupsOf(table, found).sort(ORDERS[Number(order.value)][1])
    status.textContent = found.length + ' of ' + counted(table.tag.length, 'tag') + ', in ' + groups.length + ' of '
      + counted(table.repositories.length, 'repository', 'repositories')
    const shown = element('div')
    const more = pager(groups, REPOSITORIES_AT_ONCE, (some) =>
      shown.append(...some.map((group) => repositoryOf(table, group, groups.length === 1))))
    list.replaceChildren(shown, more)
  }
  search.addEventListener('input', refresh)
  for (const select of [actions, codes, order]) select.addEventListener('change', refresh)
  section.replaceChildren(element('div', 'controls', search, actions, codes, order, status), list)
  refresh()
}

async function start(section) {
  if (typeof DecompressionStream === 'undefined') {
    say(section, 'This browser cannot unpack the tags. The same rows are in the CSV file of the plan.')
    return
  }
  const head = JSON.parse(document.getElementById('plan').textContent)
  show(await tableOf(head, section), section)
}

for (const section of document.querySelectorAll('[data-plan]')) {
  start(section).catch((error) => say(section, 'The tags cannot be unpacked: ' + error))
}
`
