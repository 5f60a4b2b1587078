import { writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { openPage, type Page } from './devtools.ts'

/** How a page is looked at. */
export interface View {
  readonly name: string
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly scheme: 'light' | 'dark'
  readonly mobile: boolean
}

const WIDE = { width: 1440, height: 1000, mobile: false }
const NARROW = { width: 390, height: 844, mobile: true }

export const VIEWS = [
  { ...WIDE, name: 'wide-light', scheme: 'light' },
  { ...WIDE, name: 'wide-dark', scheme: 'dark' },
  { ...NARROW, name: 'narrow-light', scheme: 'light' },
  { ...NARROW, name: 'narrow-dark', scheme: 'dark' },
] as const satisfies readonly View[]

/** Resolves when what was changed is on the screen. */
export const AFTER_PAINT = 'new Promise((done) => requestAnimationFrame(() => setTimeout(done)))'

/** Tells on stderr what does not hold, and lets the process fail. */
export function check(holds: boolean, otherwise: string): void {
  if (holds) return
  console.error(`FAILED: ${otherwise}`)
  process.exitCode = 1
}

/** A page without a network that reports what it asks for and complains of. */
export async function openOffline(): Promise<Page> {
  const page = await openPage()
  await page.send('Page.enable')
  await page.send('Log.enable')
  await page.send('Network.enable')
  await page.send('Network.emulateNetworkConditions', {
    ...{ offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 },
  })
  return page
}

/** Opens a file, and resolves when `expression` is true in it. */
export async function show(page: Page, file: string, view: View, expression: string): Promise<void> {
  const { width, height, scheme, mobile } = view
  await page.send('Emulation.setDeviceMetricsOverride', { width, height, mobile, deviceScaleFactor: 1 })
  await page.send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: scheme }],
  })
  await page.send('Page.navigate', { url: pathToFileURL(file).href })
  await page.evaluate(`(async () => { while (!(${expression})) await ${AFTER_PAINT} })()`)
}

/** Saves what is on the screen after `prepare`, and checks that all of it has room. @param name for people */
export async function photograph(page: Page, prepare: string, name: string, file: string): Promise<void> {
  await page.evaluate(prepare)
  await page.evaluate(AFTER_PAINT)
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  check(Number(overflow) <= 0, `${name}: the page is ${overflow} pixels wider than the window`)
  await screenshot(page, file)
}

export async function screenshot(page: Page, file: string): Promise<void> {
  const answer = await page.send('Page.captureScreenshot', { format: 'png' })
  const { data } = z.object({ data: z.string() }).parse(answer)
  await writeFile(file, Buffer.from(data, 'base64'))
}

/**
 * Measures steps of work in the page, from the event to the painted result, ms.
 * @param tools declares what each step works with, a field `search` among it; there are `type(text)` into that and `choose(select, value)` besides
 */
export function stopwatch(page: Page, tools: string): (work: string) => Promise<number> {
  return async (work) => {
    const ms = await page.evaluate(`(async () => {
      ${tools}
      const type = (text) => { search.value = text; search.dispatchEvent(new Event('input')) }
      const choose = (select, value) => { select.value = value; select.dispatchEvent(new Event('change')) }
      const begin = performance.now()
      ${work}
      await ${AFTER_PAINT}
      return performance.now() - begin
    })()`)
    return z.number().parse(ms)
  }
}

/** Prints the best of three laps, since other work on the machine only ever adds to a time, and checks each. @param measure ms by step */
export async function checkTimes(
  measure: () => Promise<Readonly<Record<string, number>>>,
  limitMs: number,
): Promise<void> {
  const laps = [await measure(), await measure(), await measure()]
  for (const what of Object.keys(laps[0] ?? {})) {
    const ms = Math.min(...laps.map((lap) => lap[what] ?? 0))
    console.log(`${what.padEnd(34)} ${ms.toFixed(0)} ms`)
    check(ms < limitMs, `${what} takes ${ms.toFixed(0)} ms, the limit is ${limitMs} ms`)
  }
}

/** No text has become more than text, nothing was asked for from elsewhere, and the browser does not complain. */
export async function checkHarmless(page: Page): Promise<void> {
  const isUnharmed = await page.evaluate('globalThis.pwned === undefined')
  check(isUnharmed === true, 'a hostile text has run as a script')
  const tags = await page.evaluate("document.querySelectorAll('img, a, iframe').length")
  check(tags === 0, 'a hostile text is a tag')
  const asked = page.events.flatMap(({ method, params }) =>
    method === 'Network.requestWillBeSent' ? [JSON.stringify(params)] : [],
  )
  check(!asked.some((request) => /"url":"https?:/.test(request)), 'the page asked something from elsewhere')
  const complaints = page.events.filter(({ method }) => method === 'Log.entryAdded')
  check(complaints.length === 0, `the browser complains: ${JSON.stringify(complaints)}`)
}
