import { createHash } from 'node:crypto'
import { escapeHtml } from '#report/html-text.ts'
import { PAGE_SCRIPT } from '#report/page-script.ts'
import { PAGE_STYLE } from '#report/page-style.ts'

/** A page may run the one script and the one style that this program wrote, and load nothing. */
const POLICY = [
  "default-src 'none'",
  `script-src '${hashOf(PAGE_SCRIPT)}'`,
  `style-src '${hashOf(PAGE_STYLE)}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** The Content-Security-Policy to serve a page with; a page that is opened from a file carries all of it that a file can. */
export const PAGE_POLICY = `${POLICY}; frame-ancestors 'none'`

export function pageStart(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
`
}

export function pageEnd(): string {
  return `</main>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
