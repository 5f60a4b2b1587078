/** What is wrong with a spec, the spec, and the sentence that kubectl shows for it. */
type Refused = readonly [what: string, spec: object, message: string]

const URL_ = 'https://registry.example.com'
const REFS = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
const serviceRef = { name: 'registry', port: 5000 }

const wrongType = (field: string, is: string, should: string) =>
  `${field}: Invalid value: "${is}": ${field} in body must be of type ${should}: "${is}"`
const unknownEnum = (field: string, is: string, supported: readonly string[]) =>
  `${field}: Unsupported value: "${is}": supported values: ${supported.map((value) => `"${value}"`).join(', ')}`
const badDuration = (field: string, is: string, example: string) =>
  `${field}: Invalid value: "${is}": must be a duration such as ${example}: whole numbers of up to six digits, each with one of the units ms, s, m, h, d, w`
const nothing = (field: string, is: string, example: string) =>
  `${field}: Invalid value: "${is}": must be longer than 0, such as ${example}`
const tooOften = (field: string, is: string, example: string) =>
  `${field}: Invalid value: "${is}": must be a duration of at least 1s, such as ${example}`
const badSchedule = (is: string) =>
  `spec.schedule: Invalid value: "${is}": must be a cron expression with five fields, such as "0 3 * * *", or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually`
const badUrl = (field: string, is: string, example: string) =>
  `${field}: Invalid value: "${is}": must be a URL with scheme and host, such as ${example}`
const secretInUrl = (field: string, is: string) =>
  `${field}: Invalid value: "${is}": must hold no user, password, query or fragment: credentials belong into a Secret`
const badHost = (is: string) =>
  `spec.aliases[0].host: Invalid value: "${is}": must be a host, with :port where pods write one, and without scheme or path`
const badName = (field: string, is: string) =>
  `${field}: Invalid value: "${is}": must be the name of an object in the same namespace: lower case letters, digits, - and .`
const oneAddress = 'spec: Invalid value: set exactly one of spec.url and spec.serviceRef'

export const REFUSED_REGISTRIES: readonly Refused[] = [
  ['without url and serviceRef', {}, oneAddress],
  ['with url and serviceRef', { url: URL_, serviceRef }, oneAddress],
  ['with a url of the wrong type', { url: 7 }, wrongType('spec.url', 'integer', 'string')],
  [
    'with a url without scheme',
    { url: 'registry.example.com' },
    badUrl('spec.url', 'registry.example.com', URL_),
  ],
  [
    'with a url of another scheme',
    { url: 'ftp://registry.example.com' },
    badUrl('spec.url', 'ftp://registry.example.com', URL_),
  ],
  ['with a url without host', { url: 'https://' }, badUrl('spec.url', 'https://', URL_)],
  ['with a url of a path only', { url: 'https:///v2' }, badUrl('spec.url', 'https:///v2', URL_)],
  [
    'with user and password in the url',
    { url: 'https://user:password@registry.example.com' },
    secretInUrl('spec.url', 'https://user:password@registry.example.com'),
  ],
  ['with a query in the url', { url: `${URL_}/?token=abc` }, secretInUrl('spec.url', `${URL_}/?token=abc`)],
  [
    'with a Service port out of range',
    { serviceRef: { ...serviceRef, port: 0 } },
    'spec.serviceRef.port: Invalid value: 0: spec.serviceRef.port in body should be greater than or equal to 1',
  ],
  [
    'with an unknown scheme of the Service',
    { serviceRef: { ...serviceRef, scheme: 'HTTPS' } },
    unknownEnum('spec.serviceRef.scheme', 'HTTPS', ['https', 'http']),
  ],
  [
    'with an interval in words',
    { url: URL_, interval: '5 minutes' },
    badDuration('spec.interval', '5 minutes', '5m'),
  ],
  ['with a timeout without unit', { url: URL_, timeout: '30' }, badDuration('spec.timeout', '30', '30s')],
  ['with an interval of nothing', { url: URL_, interval: '0s' }, nothing('spec.interval', '0s', '5m')],
  ['with an interval below 1s', { url: URL_, interval: '999ms' }, tooOften('spec.interval', '999ms', '5m')],
  ['with a timeout of nothing', { url: URL_, timeout: '0m0s' }, nothing('spec.timeout', '0m0s', '30s')],
  [
    'with an interval that nobody can count',
    { url: URL_, interval: '99999999999999999999999999w' },
    badDuration('spec.interval', '99999999999999999999999999w', '5m'),
  ],
  [
    'with a timeout of more digits than any has',
    { url: URL_, timeout: '1000000s' },
    badDuration('spec.timeout', '1000000s', '30s'),
  ],
  [
    'with an alias that has a scheme',
    { url: URL_, aliases: [{ host: 'https://mirror.example.com' }] },
    badHost('https://mirror.example.com'),
  ],
  [
    'with an alias that has a path',
    { url: URL_, aliases: [{ host: 'mirror.example.com/proxy' }] },
    badHost('mirror.example.com/proxy'),
  ],
  [
    'with an alias that is no object',
    { url: URL_, aliases: ['mirror.example.com'] },
    wrongType('spec.aliases[0]', 'string', 'object'),
  ],
  [
    'with too many aliases',
    { url: URL_, aliases: Array.from({ length: 65 }, (_, at) => ({ host: `m${at}.example.com` })) },
    'spec.aliases: Too many: 65: must have at most 64 items',
  ],
  [
    'with a Secret of another namespace',
    { url: URL_, credentials: { pull: { secretRef: { name: 'other/pull' } } } },
    badName('spec.credentials.pull.secretRef.name', 'other/pull'),
  ],
  [
    'with a right that names no Secret',
    { url: URL_, credentials: { pull: {} } },
    'spec.credentials.pull.secretRef: Required value',
  ],
  [
    'with a CA in neither Secret nor ConfigMap',
    { url: URL_, caRef: { kind: 'File', name: 'ca' } },
    unknownEnum('spec.caRef.kind', 'File', ['Secret', 'ConfigMap']),
  ],
  [
    'with a limit of nothing',
    { url: URL_, limits: { concurrency: 0 } },
    'spec.limits.concurrency: Invalid value: 0: spec.limits.concurrency in body should be greater than or equal to 1',
  ],
  [
    'with a trusted realm without scheme',
    { url: URL_, auth: { trustedRealms: ['auth.example.internal'] } },
    badUrl('spec.auth.trustedRealms[0]', 'auth.example.internal', 'https://auth.example.internal'),
  ],
  [
    'with a password in the address of the proxy',
    { url: URL_, proxy: { url: 'http://me:secret@proxy.example.com:3128' } },
    secretInUrl('spec.proxy.url', 'http://me:secret@proxy.example.com:3128'),
  ],
  [
    'with an unknown use of placeholders',
    { url: URL_, deletion: { placeholder: 'Always' } },
    unknownEnum('spec.deletion.placeholder', 'Always', ['Auto', 'Allowed', 'Forbidden']),
  ],
  [
    'with a limit of a DELETE in words',
    { url: URL_, deletion: { requestLimit: 'a minute' } },
    badDuration('spec.deletion.requestLimit', 'a minute', '60s'),
  ],
  [
    'with an unknown anchor',
    { url: URL_, anchorInUse: 'Always' },
    unknownEnum('spec.anchorInUse', 'Always', ['None', 'Tag']),
  ],
  [
    'with a workspace whose prefix no repository begins with',
    { url: URL_, workspace: { prefix: 'Ops/' } },
    'spec.workspace.prefix: Invalid value: "Ops/": must be the beginning of a repository name: lower case letters, digits, . _ - and /',
  ],
  [
    'with a field that does not exist',
    { url: URL_, serviceref: serviceRef },
    'strict decoding error: unknown field "spec.serviceref"',
  ],
]

export const REFUSED_CHECKS: readonly Refused[] = [
  ['without registryRef', { inventoryRef: REFS.inventoryRef }, 'spec.registryRef: Required value'],
  ['without inventoryRef', { registryRef: REFS.registryRef }, 'spec.inventoryRef: Required value'],
  [
    'with a reference of the wrong type',
    { ...REFS, registryRef: 'main' },
    wrongType('spec.registryRef', 'string', 'object'),
  ],
  [
    'with a reference that is no name',
    { ...REFS, registryRef: { name: 'Main' } },
    badName('spec.registryRef.name', 'Main'),
  ],
  [
    'with a reference to another namespace',
    { ...REFS, registryRef: { name: 'main', namespace: 'other' } },
    'strict decoding error: unknown field "spec.registryRef.namespace"',
  ],
  [
    'with an unknown scope',
    { ...REFS, scope: 'Everything' },
    unknownEnum('spec.scope', 'Everything', ['InUse', 'All']),
  ],
  [
    'with an unknown depth',
    { ...REFS, depth: 'deep' },
    unknownEnum('spec.depth', 'deep', ['Manifest', 'Blobs', 'Content']),
  ],
  ...['5 minutes', '1.5h', '-3m', '', '1h 30m', '1234567m', `${'9'.repeat(31)}w`].map(
    (interval) =>
      [
        `with the interval ${JSON.stringify(interval)}`,
        { ...REFS, interval },
        badDuration('spec.interval', interval, '15m'),
      ] as const,
  ),
  ...['0s', '0ms', '000w', '0h0m'].map(
    (interval) =>
      [
        `with the interval ${interval}, which is none`,
        { ...REFS, interval },
        nothing('spec.interval', interval, '15m'),
      ] as const,
  ),
  ...['500ms', '1ms', '0m999ms', '0100ms'].map(
    (interval) =>
      [
        `with the interval ${interval}, which is below 1s`,
        { ...REFS, interval },
        tooOften('spec.interval', interval, '15m'),
      ] as const,
  ),
  ['with a timeout of nothing', { ...REFS, timeout: '0s' }, nothing('spec.timeout', '0s', '1h')],
  ['with a timeout in words', { ...REFS, timeout: 'soon' }, badDuration('spec.timeout', 'soon', '1h')],
  [
    'with interval and schedule',
    { ...REFS, interval: '15m', schedule: '0 3 * * *' },
    'spec: Invalid value: set spec.schedule or spec.interval, not both',
  ],
  [
    'with a time zone and no schedule',
    { ...REFS, timeZone: 'Europe/Oslo' },
    'spec: Invalid value: spec.timeZone goes with spec.schedule',
  ],
  ['with a schedule in words', { ...REFS, schedule: 'daily' }, badSchedule('daily')],
  ['with an empty schedule', { ...REFS, schedule: '' }, badSchedule('')],
  [
    'with an unknown severity',
    { ...REFS, severity: [{ namespaces: ['*'], level: 'Bad' }] },
    unknownEnum('spec.severity[0].level', 'Bad', ['Critical', 'Warning', 'Info']),
  ],
  [
    'with a severity for no namespace',
    { ...REFS, severity: [{ namespaces: [], level: 'Info' }] },
    'spec.severity[0].namespaces: Invalid value: 0: spec.severity[0].namespaces in body should have at least 1 items',
  ],
  ...['tomorrow', '2026-13-01T00:00:00Z', '2027-01-01'].map(
    (until) =>
      [
        `with an ignore rule until ${until}`,
        { ...REFS, ignore: [{ image: '**', until, reason: 'known' }] },
        `spec.ignore[0].until: Invalid value: "${until}": spec.ignore[0].until in body must be of type date-time: "${until}"`,
      ] as const,
  ),
  [
    'with an ignore rule for ever',
    { ...REFS, ignore: [{ image: '**', reason: 'known' }] },
    'spec.ignore[0].until: Required value',
  ],
  [
    'with an ignore rule without a reason',
    { ...REFS, ignore: [{ image: '**', until: '2027-01-01T00:00:00Z' }] },
    'spec.ignore[0].reason: Required value',
  ],
  [
    'with a suspend that is no boolean',
    { ...REFS, suspend: 'yes' },
    wrongType('spec.suspend', 'string', 'boolean'),
  ],
]

const RULES = [{ name: 'all', repositories: ['**'], keep: { newest: 3 } }]
const POLICY = { ...REFS, rules: RULES }
const badDigest = (is: string) =>
  `spec.approvedPlan: Invalid value: "${is}": must be the digest of a plan as status.plan.digest says it: sha256: and 64 hex digits`
const ruleOf = (fields: object) => ({ ...POLICY, rules: [{ ...RULES[0], ...fields }] })

export const REFUSED_POLICIES: readonly Refused[] = [
  [
    'without registryRef',
    { inventoryRef: REFS.inventoryRef, rules: RULES },
    'spec.registryRef: Required value',
  ],
  [
    'without inventoryRef',
    { registryRef: REFS.registryRef, rules: RULES },
    'spec.inventoryRef: Required value',
  ],
  ['without rules', REFS, 'spec.rules: Required value'],
  [
    'with no rule',
    { ...REFS, rules: [] },
    'spec.rules: Invalid value: 0: spec.rules in body should have at least 1 items',
  ],
  [
    'with a rule that does not say what stays',
    ruleOf({ keep: undefined }),
    'spec.rules[0].keep: Required value',
  ],
  [
    'with a rule for no repository',
    ruleOf({ repositories: [] }),
    'spec.rules[0].repositories: Invalid value: 0: spec.rules[0].repositories in body should have at least 1 items',
  ],
  [
    'with a rule that keeps the newest none',
    ruleOf({ keep: { newest: 0 } }),
    'spec.rules[0].keep.newest: Invalid value: 0: spec.rules[0].keep.newest in body should be greater than or equal to 1',
  ],
  [
    'with a misspelled keep',
    ruleOf({ keep: { newst: 3 } }),
    'strict decoding error: unknown field "spec.rules[0].keep.newst"',
  ],
  [
    'with an unknown whenUnused',
    ruleOf({ whenUnused: 'Delete' }),
    unknownEnum('spec.rules[0].whenUnused', 'Delete', ['KeepNewest', 'Evict', 'Keep']),
  ],
  [
    'with an age in words',
    ruleOf({ keep: { youngerThan: 'a day' } }),
    badDuration('spec.rules[0].keep.youngerThan', 'a day', '24h'),
  ],
  [
    'with an unknown mode',
    { ...POLICY, mode: 'Auto' },
    unknownEnum('spec.mode', 'Auto', ['DryRun', 'Approve', 'Enforce']),
  ],
  [
    'with an unknown onEvict',
    { ...POLICY, onEvict: 'Archive' },
    unknownEnum('spec.onEvict', 'Archive', ['Trash', 'Delete']),
  ],
  ...['latest', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}`].map(
    (approvedPlan) =>
      [
        `with the approval ${approvedPlan}`,
        { ...POLICY, mode: 'Approve', approvedPlan },
        badDigest(approvedPlan),
      ] as const,
  ),
  [
    'with interval and schedule',
    { ...POLICY, interval: '24h', schedule: '0 3 * * *' },
    'spec: Invalid value: set spec.schedule or spec.interval, not both',
  ],
  [
    'with a time zone and no schedule',
    { ...POLICY, timeZone: 'Europe/Oslo' },
    'spec: Invalid value: spec.timeZone goes with spec.schedule',
  ],
  ...['0 3 * * * UTC', '@reboot', '2027-01-01T03:00:00'].map(
    (schedule) => [`with the schedule ${schedule}`, { ...POLICY, schedule }, badSchedule(schedule)] as const,
  ),
  ['with a soak of nothing', { ...POLICY, soak: '0s' }, nothing('spec.soak', '0s', '24h')],
  [
    'with a percentage above all',
    { ...POLICY, limits: { maxEvictionPercent: 101 } },
    'spec.limits.maxEvictionPercent: Invalid value: 101: spec.limits.maxEvictionPercent in body should be less than or equal to 100',
  ],
  [
    'with a limit of no eviction',
    { ...POLICY, limits: { maxEvictions: 0 } },
    'spec.limits.maxEvictions: Invalid value: 0: spec.limits.maxEvictions in body should be greater than or equal to 1',
  ],
  [
    'with a window of the trash in words',
    { ...POLICY, trash: { gcWindow: 'one day' } },
    badDuration('spec.trash.gcWindow', 'one day', '24h'),
  ],
  [
    'with something to bring back from nowhere',
    { ...POLICY, restore: [{ tag: 'v1' }] },
    'spec.restore[0].repository: Required value',
  ],
]
