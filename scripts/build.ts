// `make build`: one file with everything in it, that starts fast and is all that the image holds besides Node.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { builtinModules } from './builtin-modules.ts'
import { ownSourceMap } from './own-source-map.ts'

const root = join(import.meta.dirname, '..')
const outfile = join(root, 'dist', 'tallyman.mjs')
const OLDEST_NODE = 24
/** Whoever has an older one is told so, instead of some error from the middle of it. */
const NEEDS_NODE = `if (Number.parseInt(process.versions.node, 10) < ${OLDEST_NODE}) {
  console.error('tallyman: needs Node ${OLDEST_NODE} or newer, and this is ' + process.version + '. Where it was built, node_modules/.bin/node is one.');
  process.exit(1);
}`
/** Node's own modules are required. */
const HAS_REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: `node${OLDEST_NODE}`,
  format: 'esm',
  sourcemap: 'linked',
  // For stack traces names and lines are enough, and Node reads the whole file for the first of them.
  sourcesContent: false,
  legalComments: 'none',
  define: { 'process.env.TALLYMAN_COMMIT': JSON.stringify(commit()) },
  banner: { js: `${NEEDS_NODE}\n${HAS_REQUIRE}` },
  plugins: [builtinModules],
  logLevel: 'warning',
})
const mapFile = `${outfile}.map`
writeFileSync(mapFile, JSON.stringify(ownSourceMap(JSON.parse(readFileSync(mapFile, 'utf8')))))
console.log('Bundled: dist/tallyman.mjs')

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    // A source archive has no history; the version of package.json still says what it is.
    return 'unknown'
  }
}
