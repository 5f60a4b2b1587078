import { enumerated } from '#catalogue/enumerated.ts'
import { asTallymanError } from '#catalogue/error.ts'
import { clusterPolicies } from '#commands/cluster-policies.ts'
import { type PolicyAbout, policiesAbout, type RegistryAbout } from '#commands/policies-about.ts'
import { printable } from '#commands/printable.ts'
import type { RegistryOptions } from '#commands/registry-options.ts'
import { parseRegistryPlace, type RegistryPlace } from '#commands/registry-place.ts'
import { errorWords } from '#commands/registry-remedy.ts'
import { type AskedRegistry, inRegistry } from '#commands/registry-session.ts'
import { type SaidVerdict, saidVerdicts } from '#commands/said-verdicts.ts'
import type { Survey } from '#commands/survey.ts'
import { type Departure, departureOf } from '#commands/why-gone.ts'
import { type Planned, plannedBy, type Unplanned } from '#commands/why-plan.ts'
import { type RuledImage, readRepository, ruledImage } from '#commands/why-verdict.ts'
import { comparableHost } from '#inventory/locate.ts'
import type { ImageReference } from '#inventory/reference.ts'
import { hostOf } from '#registry/addresses.ts'
import { isLoopback } from '#registry/proxy-environment.ts'

/** What a RegistryPolicy of a cluster makes of an image. */
export interface PolicyRuling {
  readonly policy: PolicyAbout
  /** Made now, without what only the operator remembers. */
  readonly ruled: RuledImage
  /** undefined: what the last plan says is not needed. */
  readonly plan: Planned | Unplanned | undefined
  /** What is told, by both. */
  readonly said: readonly SaidVerdict[]
  /** Of an image that the registry does not have; undefined: it has it. */
  readonly departure: Departure | undefined
}

export interface PolicyQuestion {
  readonly reference: ImageReference
  readonly kubeconfig: string | undefined
  /** undefined in place of a name: the current one. */
  readonly contexts: readonly (string | undefined)[]
  /** What was read of them. */
  readonly found: Survey
  readonly options: RegistryOptions
}

export const NO_RULES =
  'tallyman: No rules were given: whether it stays is not looked at (--rules, --keep-newest and others)'

type Surroundings = Omit<AskedRegistry, 'place' | 'options' | 'observer'>

/**
 * The verdicts of all RegistryPolicies of the clusters whose Registry holds an image, made now, with the credentials of who asks. What keeps one from being made is told on
 * stderr, a line each.
 * @returns none where there is no such policy, which is told too
 * @throws CANCELLED
 */
export async function policyRulings(
  question: PolicyQuestion,
  surroundings: Surroundings,
): Promise<PolicyRuling[]> {
  const policies = await allAbout(question, surroundings)
  const rulings: PolicyRuling[] = []
  for (const together of Map.groupBy(policies, ({ registry }) => registry.url.href).values()) {
    rulings.push(...(await rulingsOf(together, question, surroundings)))
  }
  return rulings
}

async function allAbout(
  { reference, kubeconfig, contexts, found, options }: PolicyQuestion,
  { terminal, signal }: Surroundings,
): Promise<PolicyAbout[]> {
  const read = found.clusters.map(({ name }) => name)
  const asked = contexts
    .filter((context) => context === undefined || read.includes(context))
    .map((context) => ({ kubeconfig, context, cluster: context ?? read.join() }))
  const answers = await Promise.all(asked.map((each) => clusterPolicies(each, signal)))
  const all: PolicyAbout[] = []
  const absent: string[] = []
  const problems: string[] = []
  for (const [at, { cluster }] of asked.entries()) {
    const answer = answers[at]
    if (answer === undefined) continue
    if ('problem' in answer) {
      const notes = answer.isNotInstalled ? absent : problems
      notes.push(answer.problem)
      continue
    }
    const found = policiesAbout(reference, cluster, answer)
    all.push(...found.about)
    problems.push(...found.problems)
    if (found.about.length + found.problems.length === 0) {
      absent.push(`no RegistryPolicy of ${cluster} is about ${reference.host}`)
    }
  }
  if (all.length > 0) for (const problem of problems) terminal.note(printable(`tallyman: ${problem}`))
  else if (problems.length > 0 || options.quiet !== true) {
    terminal.note(printable(`${NO_RULES}; ${[...problems, ...absent].join('; ')}.`))
  }
  return all
}

/** The verdicts of policies of which the Registries have one address. */
async function rulingsOf(
  policies: readonly PolicyAbout[],
  { reference, found, options }: PolicyQuestion,
  surroundings: Surroundings,
): Promise<PolicyRuling[]> {
  const { terminal, signal } = surroundings
  const [first] = policies
  if (first === undefined) return []
  const unsaid = (why: string) => {
    const names = enumerated(policies.map(({ name, cluster }) => `${name} of ${cluster}`))
    terminal.note(`tallyman: whether it stays by RegistryPolicy ${names} is not said: ${why}`)
  }
  const place = placeOf(first.registry, reference, options)
  if ('problem' in place) {
    unsaid(place.problem)
    return []
  }
  try {
    return await inRegistry({ ...surroundings, place, options }, async (session) => {
      const rulings: PolicyRuling[] = []
      for (const [registry, same] of Map.groupBy(policies, (policy) => policy.registry)) {
        const { concurrency } = options
        const question = { ...registry, snapshot: found.snapshot, concurrency }
        const facts = await readRepository(question, session)
        const ruled = same.map((policy) => ({ policy, ruled: ruledImage(question, facts, policy.rules) }))
        const isGone = ruled.some(
          ({ ruled: { verdicts, isUntagged } }) => verdicts.length === 0 && !isUntagged,
        )
        const departure = isGone ? await departureOf(registry, same, session, options) : undefined
        for (const each of ruled) {
          const { verdicts } = each.ruled
          const plan = isPlanNeeded(verdicts) ? await plannedBy(each.policy, session) : undefined
          const planned = plan === undefined || 'unknown' in plan ? undefined : plan
          rulings.push({ ...each, plan, said: saidVerdicts(verdicts, planned), departure })
        }
      }
      return rulings
    })
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (error.code === 'INTERNAL') throw thrown
    unsaid(errorWords(error))
    return []
  }
}

/** What is in use stays, whatever a plan has said. */
function isPlanNeeded(verdicts: RuledImage['verdicts']): boolean {
  return verdicts.some(({ reason }) => reason.code !== 'InUse')
}

/**
 * Where the Registry is, for a command: an object of a cluster does not make it send credentials without TLS, or the password that is meant for the host of the image
 * anywhere else.
 */
function placeOf(
  { name, url, image }: RegistryAbout,
  reference: ImageReference,
  { plainHttp, username }: RegistryOptions,
): RegistryPlace | { readonly problem: string } {
  if (username !== undefined && comparableHost(url.host) !== comparableHost(reference.host)) {
    return { problem: `Registry ${name} is at ${url.host}, and --username is for ${reference.host}` }
  }
  if (url.protocol === 'http:' && plainHttp !== true && !isLoopback(hostOf(url))) {
    return { problem: `Registry ${name} is at ${url.origin}, without TLS: it is asked with --plain-http` }
  }
  const place = parseRegistryPlace(url.host, { plainHttp: url.protocol === 'http:' && plainHttp === true })
  if ('problem' in place) return place
  const [origin, ...others] = place.urls
  const path = url.pathname.replace(/\/$/, '')
  return {
    ...place,
    repository: image.repository,
    urls: [origin + path, ...others.map((other) => other + path)],
  }
}
