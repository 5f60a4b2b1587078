import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { escapeHtml, foreign } from '#report/html-text.ts'
import { pageEnd, pageStart } from '#report/page.ts'

export interface PlanIndexPage {
  readonly namespace: string
  readonly name: string
  readonly status: RegistryPolicyStatus | undefined
  /** Relative to the page. */
  readonly links: readonly { readonly href: string; readonly text: string }[]
  /** Why the whole plan is not to be had here; undefined: it is. */
  readonly missing: string | undefined
  /** The files say nothing that would name a workload (redacted-plan.ts). */
  readonly isRedacted: boolean
}

/** Where a person begins: the plan of one policy in a sentence, what stands against it, the first tags that go, and the files. */
export function* planIndexPage({
  namespace,
  name,
  status,
  links,
  missing,
  isRedacted,
}: PlanIndexPage): Generator<string> {
  yield pageStart(`${namespace}/${name}: plan`)
  yield `<p class="quiet">RegistryPolicy ${foreign(`${namespace}/${name}`)}</p>\n<h1>${foreign(headline(status))}</h1>\n`
  const digest = status?.plan?.digest
  if (digest !== undefined) yield `<p>Digest of the plan: <code>${escapeHtml(digest)}</code></p>\n`
  if (missing !== undefined) yield `<p class="banner">${foreign(missing)}</p>\n`
  if (isRedacted) {
    yield '<p class="banner">Read back from a workspace that anybody may read: the files name no workloads, namespaces, clusters or nodes.</p>\n'
  }
  yield list(links.map(({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`))
  const { blocks = [], evictions = [] } = status ?? {}
  if (blocks.length > 0) {
    yield '<h2>What stands against it</h2>\n'
    yield list(blocks.map(({ code, message }) => `<b>${escapeHtml(code)}</b>: ${foreign(message)}`))
  }
  if (evictions.length > 0) {
    yield '<h2>What goes</h2>\n'
    yield list(
      evictions.map(({ image, action, reason }) => `${action} ${foreign(image)}: ${foreign(reason)}`),
    )
    yield '<p class="quiet">The first of them.</p>\n'
  }
  yield pageEnd()
}

function headline(status: RegistryPolicyStatus | undefined): string {
  const said = status?.conditions?.find(({ type }) => type === 'PlanReady')?.message
  return said ?? 'No plan is made yet'
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>\n`
}
