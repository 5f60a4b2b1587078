// The page of a report in a real browser: opened from a file, offline, with 10,000 findings and images. Prints how long it takes to
// filter and sort them, fails where that is more than a second or where a hostile text has become more than text, and leaves
// screenshots: node test/browser/report-page.ts [DIRECTORY]. Needs Debian's package chromium; no part of `make test`.
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { htmlReport } from '#report/html-report.ts'
import { checkReport } from '#test/harness/check-report.ts'
import type { Page } from './devtools.ts'
import {
  checkHarmless,
  checkTimes,
  openOffline,
  photograph,
  show,
  stopwatch,
  VIEWS,
  type View,
} from './judge.ts'
import { manyImages } from './many-images.ts'

const ROWS = 10_000
const LIMIT_MS = 1000

const directory = path.resolve(process.argv[2] ?? path.join(tmpdir(), 'tallyman-report-page'))
await mkdir(directory, { recursive: true })
const file = path.join(directory, 'report.html')
await writeFile(file, [...htmlReport(checkReport(manyImages(ROWS)))].join(''))

const page = await openOffline()
try {
  for (const view of VIEWS) await photographAll(page, view)
  await checkTimes(() => measure(page), LIMIT_MS)
  await checkHarmless(page)
  console.log(`Screenshots: ${directory}`)
} finally {
  await page.close()
}

async function photographAll(target: Page, view: View): Promise<void> {
  const { name } = view
  const isThere = "document.readyState === 'complete' && document.querySelectorAll('table').length === 2"
  await show(target, file, view, isThere)
  for (const [part, selector] of [
    ['top', 'header'],
    ['table', '[data-rows=findings]'],
  ] as const) {
    const prepare = `document.querySelector('${selector}').scrollIntoView()`
    await photograph(target, prepare, `${name}, ${part}`, path.join(directory, `${name}-${part}.png`))
  }
}

async function measure(target: Page): Promise<Record<string, number>> {
  const step = stopwatch(
    target,
    `const section = document.querySelector('[data-rows=findings]')
    const search = section.querySelector('input')
    const selects = section.querySelectorAll('select')
    const heads = section.querySelectorAll('th button')`,
  )
  return {
    'filter by a word that many have': await step("type('shop')"),
    'filter by words that few have': await step("type('deployment web-77 sha256')"),
    'all rows again': await step("type('')"),
    'sort by image': await step('heads[2].click()'),
    'sort by image, the other way': await step('heads[2].click()'),
    'sort by pods': await step('heads[6].click()'),
    'filter by severity and word': await step("choose(selects[0], '1'); type('web')"),
    'filter and sort at once': await step("choose(selects[0], ''); type('a'); heads[4].click()"),
  }
}
