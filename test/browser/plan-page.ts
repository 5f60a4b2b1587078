// The page of a plan in a real browser: opened from a file, offline, with 400,000 tags. Prints how long it takes to open and to filter, fails where
// that is too long or where a hostile text has become more than text, and leaves screenshots: node test/browser/plan-page.ts [DIRECTORY]. Needs
// Debian's package chromium; no part of `make test`.
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { htmlPlan } from '#report/html-plan.ts'
import { packPlan } from '#report/packed-plan.ts'
import { manyTags, policyPlan } from '#test/harness/policy-plan.ts'
import { eventually } from '#test/harness/wait.ts'
import type { Page } from './devtools.ts'
import {
  check,
  checkHarmless,
  checkTimes,
  openOffline,
  photograph,
  screenshot,
  show,
  stopwatch,
  VIEWS,
  type View,
} from './judge.ts'

const TAGS = 400_000
const OPEN_LIMIT_MS = 10_000
const FILTER_LIMIT_MS = 1_000
const HOSTILE = '</script><img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>\u202E'

const directory = path.resolve(process.argv[2] ?? path.join(tmpdir(), 'tallyman-plan-page'))
await mkdir(directory, { recursive: true })
const file = path.join(directory, 'plan.html')
const repositories = manyTags(TAGS, HOSTILE)
const packed = await packPlan(
  await policyPlan({
    repositories,
    before: [{ repository: HOSTILE, tag: 'gone', digest: undefined, action: 'evict' }],
    blocks: [{ code: 'TooManyEvictions', message: HOSTILE, isAcceptable: true }],
  }),
)
await writeFile(file, [...htmlPlan(packed)].join(''))

const page = await openOffline()
try {
  const [wide, ...others] = VIEWS
  const opened = await open(page, wide)
  console.log(`${'open'.padEnd(34)} ${opened.toFixed(0)} ms`)
  check(opened < OPEN_LIMIT_MS, `opening takes ${opened.toFixed(0)} ms, the limit is ${OPEN_LIMIT_MS} ms`)
  await checkTimes(() => measure(page), FILTER_LIMIT_MS)
  await photographAll(page, wide.name)
  for (const view of others) {
    await open(page, view)
    await photographAll(page, view.name)
  }
  await checkHarmless(page)
  await page.send('Emulation.setScriptExecutionDisabled', { value: true })
  const loads = () => page.events.filter(({ method }) => method === 'Page.loadEventFired').length
  const before = loads()
  await page.send('Page.navigate', { url: pathToFileURL(file).href })
  await eventually(async () => loads() > before, { message: 'the page without scripts' })
  await page.evaluate("document.querySelector('noscript').scrollIntoView()")
  await screenshot(page, imageFile('without-script'))
  console.log(`Screenshots: ${directory}`)
} finally {
  await page.close()
}

/** @returns how long it takes until the tags can be filtered, ms */
async function open(target: Page, view: View): Promise<number> {
  await show(target, file, view, "document.querySelector('[data-plan] .repository') !== null")
  return z.number().parse(await target.evaluate('performance.now()'))
}

async function photographAll(target: Page, name: string): Promise<void> {
  for (const [part, prepare] of [
    ['top', "document.querySelector('header').scrollIntoView()"],
    ['changes', "document.querySelectorAll('section > details').forEach((each) => { each.open = true })"],
    ['repositories', "document.querySelector('[data-plan]').scrollIntoView()"],
    [
      'tags',
      "document.querySelectorAll('.repository')[1].open = true; document.querySelectorAll('.repository')[1].scrollIntoView()",
    ],
  ] as const) {
    await photograph(target, prepare, `${name}, ${part}`, imageFile(`${name}-${part}`))
  }
}

function imageFile(name: string): string {
  return path.join(directory, `${name}.png`)
}

async function measure(target: Page): Promise<Record<string, number>> {
  const step = stopwatch(
    target,
    `const section = document.querySelector('[data-plan]')
    const search = section.querySelector('input')
    const [action, reason, order] = section.querySelectorAll('select')`,
  )
  return {
    everything: await step("choose(action, '4')"),
    'a word that all have': await step("type('1.0')"),
    'a word of many repositories': await step("type('team-1')"),
    'words that few have': await step("type('team-077 000077 sha256')"),
    'a word that none has': await step("type('zzzz')"),
    'a whole image': await step("type('team-077/app:1.0.000077')"),
    'a reason of the list': await step("type(''); choose(reason, '1')"),
    'another order': await step("choose(order, '1')"),
    'back to what goes': await step("choose(reason, '0'); choose(order, '0'); choose(action, '0')"),
    'a repository opens': await step("section.querySelectorAll('.repository')[3].open = true"),
  }
}
