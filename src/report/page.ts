import { createHash } from 'node:crypto'
import { escapeHtml } from '#report/html-text.ts'
import { PAGE_SCRIPT } from '#report/page-script.ts'
import { PAGE_STYLE } from '#report/page-style.ts'

/** The frame of a page. It may run the one script and the one style that this program wrote, and load nothing. */
export interface PageFrame {
  /** The Content-Security-Policy to serve it with; a page that is opened from a file carries all of it that a file can. */
  readonly policy: string
  start(title: string): string
  end(): string
}

export function pageFrame(script: string): PageFrame {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(PAGE_STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return {
    policy: `${policy}; frame-ancestors 'none'`,
    start: (title) => pageHead(title, policy),
    end: () => `</main>
<script>${script}</script>
</body>
</html>
`,
  }
}

/** The frame of most pages. */
const PAGE = pageFrame(PAGE_SCRIPT)
export const PAGE_POLICY = PAGE.policy
export const pageStart = PAGE.start
export const pageEnd = PAGE.end

function pageHead(title: string, policy: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
