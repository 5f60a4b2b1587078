import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { indexPage } from '#report/index-page.ts'
import { linesOfReport } from '#report/nagios-text.ts'
import { anyCheckReport, anyText, checkReport, RUN_END, sampleImages } from '#test/harness/check-report.ts'
import { verdictOfReport } from '#test/harness/check-verdict.ts'

const report = checkReport(sampleImages())
const page = {
  namespace: 'apps',
  name: 'in-use',
  verdict: verdictOfReport(report, RUN_END),
  problems: linesOfReport(report),
  links: [{ href: 'in-use/report.html', text: 'The report' }],
  missing: undefined,
}

describe('where a person begins', () => {
  test('names the state, what is wrong, and where the reports are', () => {
    const text = [...indexPage({ ...page, problems: linesOfReport(report) })].join('')
    expect(text).toContain('<span class="badge critical">CRITICAL</span>')
    expect(text).toContain('<a href="in-use/report.html">The report</a>')
    expect(text).toContain('Critical: registry.example/shop/web:2.4: LayerMissing')
    expect(text).not.toContain('class="banner"')
  })

  test('no text of a cluster or a registry ever becomes a tag', () => {
    fc.assert(
      fc.property(anyCheckReport, anyText, (found, text) => {
        const html = [
          ...indexPage({
            ...page,
            name: text,
            verdict: { ...verdictOfReport(found, RUN_END), message: text },
            problems: [...linesOfReport(found), text],
            links: [{ href: text, text: 'A link' }],
            missing: text,
          }),
        ].join('')
        const body = html.slice(html.indexOf('<main>'), html.indexOf('</main>'))
        for (const tag of body.match(/<[^>]*>?/g) ?? []) {
          expect(tag).toMatch(
            /^<(a href="[^"<>]*"|(p|span) class="[a-z ]+"|\/?(main|p|h1|h2|span|ul|li|a|bdi))>$/,
          )
        }
      }),
    )
  })
})
