import { expect, test } from 'vitest'
import { leftOutText, withoutCounts, withoutOwn } from '#commands/own-repositories.ts'
import { summarize } from '#retention/plan-summary.ts'
import { judged } from '#test/harness/judging.ts'
import { artifactFacts, imageFacts, registryFacts, repositoryFacts } from '#test/harness/registry-facts.ts'

const image = imageFacts('app', 10)
const old = imageFacts('old', 20)
const journal = artifactFacts('journal', 'application/vnd.tallyman.journal.v1')
const plan = artifactFacts('plan', 'application/vnd.tallyman.plan.v1')
const manifests = [image, old, journal, plan]

function planned(...repositories: readonly ReturnType<typeof repositoryFacts>[]) {
  const judgement = judged({ repositories, manifests })
  const { repositories: about, own } = withoutOwn(
    judgement.repositories,
    registryFacts(repositories, manifests),
  )
  return {
    own: own.map(({ name }) => name),
    about: about.map(({ name }) => name),
    summary: withoutCounts(summarize(judgement), own),
  }
}

test('what belongs to Tallyman alone is not counted, the trash of a workspace with it', () => {
  const app = repositoryFacts('app', { v2: image, v1: old })
  const alone = planned(app)
  const { own, about, summary } = planned(
    app,
    repositoryFacts('ops/journals/app', { 'web-1': journal }),
    repositoryFacts('ops/trash/app', { 'sha256-0': old }),
    repositoryFacts('ops/trash/emptied', {}),
    repositoryFacts('tallyman/plans/shop/web', { latest: plan }),
  )
  expect(own).toEqual(['ops/journals/app', 'ops/trash/app', 'ops/trash/emptied', 'tallyman/plans/shop/web'])
  expect(about).toEqual(['app'])
  // What is in the trash still refers to its content.
  expect(summary).toEqual({ ...alone.summary, unreferencedBytes: 0 })
  expect(alone.summary).toMatchObject({ repositories: 1, tags: 2, keep: 1, evict: 1 })
})

test('a repository of which only a part belongs to Tallyman is counted with all of it', () => {
  const { own, summary } = planned(repositoryFacts('tallyman/app', { v1: image, report: plan }))
  expect(own).toEqual([])
  expect(summary).toMatchObject({ repositories: 1, tags: 2, keep: 2, reasons: { Workspace: 1 } })
})

test('what is left out is named', () => {
  expect(leftOutText(['a'])).toBe('1 repository that belongs to Tallyman is left out: a')
  expect(leftOutText(['a', 'b', 'c', 'd'])).toBe(
    '4 repositories that belong to Tallyman are left out: a, b, c and 1 more',
  )
})
