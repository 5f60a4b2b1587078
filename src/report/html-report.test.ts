import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { htmlReport } from '#report/html-report.ts'
import { escapeHtml, jsonForScript } from '#report/html-text.ts'
import { PAGE_POLICY } from '#report/page.ts'
import { anyCheckReport, anyText, checkReport, sampleImages } from '#test/harness/check-report.ts'

const pageOf = (report: Parameters<typeof htmlReport>[0]) => [...htmlReport(report)].join('')

/** Everything between angle brackets, as a browser would see it, and outside of the page's own script and style. */
function tagsOf(page: string): string[] {
  const foreign = page
    .replace(/<style>[\s\S]*?<\/style>/g, '<style></style>')
    .replace(/<script>[\s\S]*?<\/script>/g, '<script></script>')
  return foreign.match(/<[^>]*>?/g) ?? []
}

const ALLOWED =
  /^<(!doctype html|\/?(html|head|body|main|title|style|section|article|header|h1|h2|h3|p|b|ul|li|dl|dt|dd|div|span|bdi|details|summary|noscript|script|br|meta|time)( [a-z-]+(="[^"<>]*")?)*)>$/

describe('the page of a report', () => {
  test('no text of a cluster or a registry ever becomes a tag', () => {
    fc.assert(
      fc.property(anyCheckReport, (report) => {
        for (const tag of tagsOf(pageOf(report))) {
          expect(tag).toMatch(ALLOWED)
          expect(tag).not.toMatch(/ on[a-z]+=| src=| href=/)
        }
      }),
    )
  })

  test('what is escaped has no mark-up, and its data are the data', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']/)
        expect(jsonForScript([text])).not.toMatch(/[<>&\u2028\u2029]/)
        expect(JSON.parse(jsonForScript([text]))).toEqual([text])
      }),
    )
  })

  test('says whose report it is', () => {
    const report = checkReport(sampleImages())
    const { uid } = report.check
    const titleOf = (namespace: string, name: string) => {
      const page = pageOf({ ...report, check: { namespace, name, uid } })
      const [, title] = /<title>([^:]*): /.exec(page) ?? []
      const [, line] = /<header>\n<p class="quiet">(.*)<\/p>/.exec(page) ?? []
      return [title, line?.replace(/<[^>]*>/g, '')]
    }
    expect(titleOf('shop', 'in-use')).toEqual(['shop/in-use', 'RegistryCheck shop/in-use'])
    expect(titleOf('', 'tallyman check')).toEqual(['tallyman check', 'tallyman check'])
  })

  test('its tables have every finding and every image', () => {
    fc.assert(
      fc.property(anyCheckReport, (report) => {
        const page = pageOf(report)
        const rows = (id: string) => {
          const [, text = ''] =
            new RegExp(`<script type="application/json" id="${id}">([^<]*)</script>`).exec(page) ?? []
          const { columns, rows: all } = JSON.parse(text)
          for (const row of all) expect(row).toHaveLength(columns.length + 1)
          return all.length
        }
        expect(rows('findings')).toBe(report.findings.length)
        expect(rows('images')).toBe(report.images.length)
      }),
      { numRuns: 30 },
    )
  })

  test('tells what is broken before everything else: by whom it is used, and what to do', () => {
    const page = pageOf(checkReport(sampleImages()))
    const critical = page.indexOf('Critical: cannot be pulled')
    const warning = page.indexOf('Warning: cannot be pulled')
    const unseen = page.indexOf('Could not be examined')
    expect([critical, warning, unseen, page.indexOf('All findings')]).toEqual(
      [critical, warning, unseen, page.indexOf('All findings')].toSorted((a, b) => a - b),
    )
    expect(critical).toBeGreaterThan(0)
    const card = page.slice(critical, warning)
    expect(card).toContain('prod/shop-prod/Deployment/web')
    expect(card).toContain('ImagePullBackOff in 1 pod')
    expect(card).toContain('A pod that has to start anywhere else will fail.')
    expect(card).toContain('Push the image again')
  })

  test('names the nodes that still cache what cannot be pulled, the first of many', () => {
    const caches = ['prod/node-1', 'prod/<b>node-2</b>']
    const report = checkReport(sampleImages(), {
      nodes: () => ({ runs: [], ran: [], caches, cachingCount: 9 }),
    })
    expect(pageOf(report)).toContain(
      '<p>It is still cached on <bdi>prod/node-1, prod/&lt;b&gt;node-2&lt;/b&gt; and 7 more</bdi>, where pods run on. A pod that has to start anywhere else will fail.</p>',
    )
  })

  test('loads nothing, and its script and style are the ones that its policy names', () => {
    const page = pageOf(checkReport(sampleImages()))
    expect(page).not.toMatch(/<(link|img|iframe|object|embed)|@import|url\(/)
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(page) ?? []
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? []
    for (const text of [script, style]) {
      expect(PAGE_POLICY).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    }
    expect(page).toContain(`<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`)
    expect(() => new Function(script)).not.toThrow()
  })

  test('is the same text for the same report', () => {
    expect(pageOf(checkReport(sampleImages()))).toBe(pageOf(checkReport(sampleImages())))
  })
})
