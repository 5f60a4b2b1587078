import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { htmlPlan, PLAN_PAGE_POLICY } from '#report/html-plan.ts'
import { packPlan } from '#report/packed-plan.ts'
import type { PlannedRemoval } from '#retention/removals.ts'
import { anyText } from '#test/harness/check-report.ts'
import { anyRepositories, type PlanSample, policyPlan, verdict } from '#test/harness/policy-plan.ts'

const pageOf = async (sample: PlanSample = {}) =>
  [...htmlPlan(await packPlan(await policyPlan(sample)))].join('')

const ALLOWED =
  /^<(!doctype html|\/?(html|head|body|main|title|style|section|header|h1|h2|p|b|ul|li|dl|dt|dd|div|span|bdi|details|summary|noscript|script|br|meta|time|code|table|thead|tbody|tr|th|td)( [a-z-]+(="[^"<>]*")?)*)>$/

/** Everything between angle brackets, as a browser would see it, and outside of the page's own script and style. */
function tagsOf(page: string): string[] {
  const foreign = page
    .replace(/<style>[\s\S]*?<\/style>/g, '<style></style>')
    .replace(/<script>[\s\S]*?<\/script>/g, '<script></script>')
  return foreign.match(/<[^>]*>?/g) ?? []
}

const anySample: fc.Arbitrary<PlanSample> = fc
  .record({
    repositories: anyRepositories,
    gone: anyText,
    message: anyText,
    names: fc.record({ namespace: anyText, name: anyText, url: anyText }),
  })
  .map(({ gone, message, ...sample }) => {
    const unmatchedRules = [gone]
    const before: PlannedRemoval[] = [{ repository: gone, tag: gone, digest: gone, action: 'evict' }]
    return {
      ...sample,
      before,
      unmatchedRules,
      blocks: [{ code: 'NotSynced', message, isAcceptable: false }],
    }
  })

describe('the page of a plan', () => {
  test('no text of a cluster or a registry ever becomes a tag', async () => {
    await fc.assert(
      fc.asyncProperty(anySample, async (sample) => {
        for (const tag of tagsOf(await pageOf(sample))) {
          expect(tag).toMatch(ALLOWED)
          expect(tag).not.toMatch(/ on[a-z]+=| src=| href=/)
        }
      }),
    )
  })

  test('carries every tag, packed, and the names of the repositories', async () => {
    await fc.assert(
      fc.asyncProperty(anyRepositories, async (repositories) => {
        const page = await pageOf({ repositories })
        const blocks = [...page.matchAll(/<script type="application\/gzip" data-block>([^<]*)<\/script>/g)]
        const rows = blocks.flatMap(([, text = '']) =>
          JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString('utf8')),
        )
        const [, head = ''] = /<script type="application\/json" id="plan">([^<]*)<\/script>/.exec(page) ?? []
        const names = JSON.parse(head).repositories
        expect(rows.map(([place, tag]: [number, string]) => [names[place], tag])).toEqual(
          repositories.flatMap(({ name, verdicts }) => verdicts.map(({ tag }) => [name, tag])),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('says without its script what goes of which repository, why, and what stands against it', async () => {
    const page = await pageOf({
      blocks: [{ code: 'TooManyEvictions', message: '2 of 4 tags would go', isAcceptable: true }],
      before: [],
    })
    const text = page.replace(/<(script|style)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ')
    const said = text.replace(/\s+/g, ' ')
    expect(said).toContain('apps/lean 2 of 4 tags go')
    expect(said).toContain('shop/api 1 0 1 shop/web 0 1 1')
    expect(said).toContain('TooManyEvictions : 2 of 4 tags would go (an approval of this plan accepts it)')
    expect(said).toContain('goes Superseded 2 Nothing of its rule keeps it.')
    expect(said).toContain('1.0 KiB become unreferenced')
    expect(said).toContain('2 more go')
    expect(said).toContain('shop/api : 1 41 newer digests, not used since 2026-11-01')
  })

  test('counts one as one', async () => {
    const repositories = [{ name: 'app', verdicts: [verdict('v1', 'evict')] }]
    const page = await pageOf({ repositories, before: [] })
    const said = page.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
    for (const words of [
      '1 of 1 tag goes',
      '1 goes with its digest',
      '1 tag in 1 repository',
      '1 digest goes',
      '1 more goes',
    ]) {
      expect(said).toContain(words)
    }
  })

  test('names rules that match nothing, and keeps silent where all match', async () => {
    expect(await pageOf({ unmatchedRules: ['prdo'] })).toContain('<h2>Rules that match no repository</h2>')
    expect(await pageOf({ unmatchedRules: ['prdo'] })).toMatch(/<li><bdi>prdo<\/bdi><\/li>/)
    expect(await pageOf()).not.toContain('Rules that match no repository')
  })

  test('says that nothing goes, and that no plan before it is known by saying nothing of one', async () => {
    const page = await pageOf({ repositories: [] })
    expect(page).toContain('<h1>nothing goes</h1>')
    expect(page).toContain('It is carried out once spec.approvedPlan names its digest.')
    expect(page).not.toContain('Compared with the plan before')
  })

  test('loads nothing, and its script and style are the ones that its policy names', async () => {
    const page = await pageOf()
    expect(page).not.toMatch(/<(link|img|iframe|object|embed)|@import|url\(/)
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(page) ?? []
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? []
    for (const text of [script, style]) {
      expect(PLAN_PAGE_POLICY).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    }
    expect(page).toContain(`<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`)
    expect(() => new Function(script)).not.toThrow()
  })
})
