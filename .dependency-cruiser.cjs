// The layers of the house (docs/architecture.md). `make lint` proves with test/lint/fixtures that this file bites.
const rooms = {
  // room: what it may import besides itself
  time: [],
  catalogue: [],
  crds: ['time', 'catalogue'],
  kube: ['time', 'catalogue', 'crds'],
  runtime: ['time', 'catalogue', 'crds', 'kube'],
  registry: ['time', 'catalogue'],
  inventory: ['time', 'catalogue', 'crds'],
  retention: ['time', 'catalogue', 'crds', 'inventory'],
  health: ['time', 'catalogue', 'crds', 'inventory'],
  clusters: ['time', 'catalogue', 'crds', 'kube', 'runtime', 'inventory'],
  scan: ['time', 'catalogue', 'crds', 'registry', 'inventory', 'retention', 'health'],
  evict: ['time', 'catalogue', 'crds', 'registry', 'runtime', 'inventory', 'retention', 'scan'],
  copy: ['time', 'catalogue', 'crds', 'registry', 'runtime', 'inventory', 'health', 'scan'],
  report: ['time', 'catalogue', 'crds', 'registry', 'inventory', 'retention', 'health', 'scan'],
}
const below = Object.keys(rooms)
const deciding = ['inventory', 'retention', 'health']
const top = ['controllers', 'commands', 'server']
const inRoom = (names) => `^src/(${names.join('|')})/`

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room-${room}`,
      severity: 'error',
      comment: `src/${room} may import only: ${[room, ...allowed].join(', ')}`,
      from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^(src|test|bench|scripts)/', pathNot: inRoom([room, ...allowed]) },
    })),
    ...top.map((room) => ({
      name: `top-${room}`,
      severity: 'error',
      comment: `src/${room} stands on the rooms below and never on ${top.filter((other) => other !== room).join(' or ')}`,
      from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^(src|test|bench|scripts)/', pathNot: inRoom([room, ...below]) },
    })),
    {
      name: 'product-never-imports-test-or-bench',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'only-kube-imports-client-node',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kube/' },
      to: { path: 'node_modules/@kubernetes/client-node' },
    },
    {
      name: 'only-kube-and-registry-speak-http',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(kube|registry)/|\\.test\\.ts$' },
      to: { path: 'node_modules/undici|^(node:)?https?$|^(node:)?(http2|net|tls)$' },
    },
    {
      name: 'deciding-rooms-do-no-io',
      severity: 'error',
      from: { path: inRoom(deciding), pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|util|assert)$' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
}
