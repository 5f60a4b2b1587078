import { expect, test } from 'vitest'
import { planIndexPage } from '#report/plan-index-page.ts'

const HOSTILE = '</h1><img src=x onerror=alert(1)>"'

test('the first page of a policy says its plan, what stands against it and what goes first, as text only', () => {
  const page = [
    ...planIndexPage({
      namespace: 'apps',
      name: HOSTILE,
      status: {
        conditions: [
          {
            ...{ type: 'PlanReady', status: 'True', reason: 'Planned', message: HOSTILE },
            ...{ observedGeneration: 1, lastTransitionTime: '2026-11-01T00:00:00Z' },
          },
        ],
        blocks: [{ code: 'NotSynced', message: HOSTILE, approvable: false }],
        evictions: [{ image: HOSTILE, digest: 'sha256:1', action: 'Evict', reason: HOSTILE }],
      },
      links: [{ href: `${HOSTILE}/plan.html`, text: 'The plan' }],
      missing: HOSTILE,
      isRedacted: true,
    }),
  ].join('')
  expect(page).not.toContain('<img')
  expect(page.split('&lt;/h1&gt;&lt;img src=x onerror=alert(1)&gt;&quot;')).toHaveLength(8 + 1)
  expect(page).toContain('<b>NotSynced</b>')
  expect(page).toContain('the files name no workloads')
  const nothing = { status: undefined, links: [], missing: undefined, isRedacted: false }
  const empty = [...planIndexPage({ namespace: 'a', name: 'b', ...nothing })].join('')
  expect(empty).toContain('No plan is made yet')
  expect(empty).not.toContain('the files name no workloads')
})
