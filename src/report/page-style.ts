/** The style of every page: no font, image or sheet from elsewhere. Light or dark as the reader's system is. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --sheet: #ffffff; --line: #dfe3e8; --text: #1c232b; --quiet: #5b6672;
  --critical: #b3261e; --critical-soft: #fdecea; --warning: #8a5300; --warning-soft: #fff4e0;
  --info: #245a9b; --info-soft: #e8f1fb; --good: #1e6b3a; --good-soft: #e6f4ea; --link: #1f5fa8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --sheet: #1a2027; --line: #303944; --text: #e4e8ed; --quiet: #9aa6b3;
    --critical: #ff8a80; --critical-soft: #3b1d1c; --warning: #ffc266; --warning-soft: #37290f;
    --info: #8fbcf5; --info-soft: #182a40; --good: #7fd49b; --good-soft: #16301f; --link: #8fbcf5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 104rem; margin: 0 auto; padding: 1.5rem clamp(.75rem, 3vw, 2.5rem) 4rem; }
h1 { font-size: 1.6rem; line-height: 1.3; margin: .25rem 0 .5rem; }
.verdict { margin: 0 0 1rem; padding: .6rem 1rem; border-radius: .5rem; font-weight: 600; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
a { color: var(--link); }
.quiet { color: var(--quiet); }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem; }
.banner { padding: .75rem 1rem; border-radius: .5rem; background: var(--warning-soft); color: var(--warning); font-weight: 600; }
.badge { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .85rem; font-weight: 600; white-space: nowrap; }
.critical, .unhealthy { background: var(--critical-soft); color: var(--critical); }
.warning, .unknown { background: var(--warning-soft); color: var(--warning); }
.info { background: var(--info-soft); color: var(--info); }
.healthy { background: var(--good-soft); color: var(--good); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9.5rem, 42%), 1fr)); gap: .75rem 1.5rem; margin: 0; padding: 1rem; }
.facts dt { color: var(--quiet); font-size: .85rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; list-style: none; margin: 1rem 0; padding: 0; }
.tiles li { padding: .6rem 1rem; }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles .alarm b { color: var(--critical); } .tiles .caution b { color: var(--warning); } .tiles .fine b { color: var(--good); }
.card { padding: 1rem; margin: 0 0 .75rem; border-left: .3rem solid var(--line); overflow-wrap: anywhere; }
.card.of-critical { border-left-color: var(--critical); }
.card.of-warning { border-left-color: var(--warning); }
.card.of-info { border-left-color: var(--info); }
.card ul { margin: .25rem 0 .5rem; padding-left: 1.2rem; }
.card p { margin: .35rem 0; }
.card .todo { padding: .5rem .75rem; border-radius: .35rem; background: var(--page); }
details > summary { cursor: pointer; }
details > summary.quiet { font-size: .9rem; }
code, .evidence, .digest { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; overflow-wrap: anywhere; }
.digest { color: var(--quiet); min-width: 13rem; }
.evidence { margin: .25rem 0 0; padding-left: 1rem; list-style: none; color: var(--quiet); }
.controls { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; padding: .75rem; border-bottom: 1px solid var(--line); }
.controls input { flex: 1 1 16rem; min-width: 0; }
input, select, button { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: .35rem; padding: .35rem .6rem; max-width: 100%; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line); }
th { white-space: nowrap; }
th button { border: 0; background: none; padding: 0; font-weight: 600; }
th button::after { content: " \\2195"; color: var(--quiet); }
th[aria-sort=ascending] button::after { content: " \\2191"; color: inherit; }
th[aria-sort=descending] button::after { content: " \\2193"; color: inherit; }
td.name, td.text { overflow-wrap: anywhere; min-width: 13rem; }
td.word { white-space: nowrap; }
th.digest { font: inherit; font-weight: 600; color: inherit; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.time { min-width: 7.5rem; }
.repository { border-bottom: 1px solid var(--line); }
.repository > summary { padding: .5rem .75rem; overflow-wrap: anywhere; }
.repository > summary .badge { margin-left: .35rem; }
.more { padding: .75rem; text-align: center; }
.scroll { overflow-x: auto; }
@media (min-width: 52rem) { .order { display: none; } }
@media (max-width: 52rem) {
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { padding: .6rem .75rem; border-bottom: 1px solid var(--line); }
  td, td.number { border: 0; padding: .1rem 0; text-align: left; min-width: 0; }
  td[data-title]::before { content: attr(data-title) ": "; color: var(--quiet); }
  td:empty { display: none; }
}
@media print { .controls, .more { display: none; } body { background: none; } }
`
