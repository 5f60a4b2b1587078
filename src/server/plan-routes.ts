import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PackedPlan } from '#report/packed-plan.ts'
import { PAGE_POLICY } from '#report/page.ts'
import { planIndexPage } from '#report/plan-index-page.ts'
import { chunks, encoded } from '#report/text-chunks.ts'
import { acceptsGzip } from '#server/accepts-gzip.ts'
import { HTML_TYPE } from '#server/file-format.ts'
import { isPlanFile, PLAN_FORMATS, type PlanFileName, type PlanFormat } from '#server/plan-formats.ts'
import type { KnownPolicy, PlanSource } from '#server/plan-source.ts'
import { HEADERS, notHere, refuse } from '#server/replies.ts'
import { BodyFactsCache, matchesEtag } from '#server/report-body.ts'

type Wildcard = { Params: { '*': string } }

/** The policy that a request is about. */
interface Asked {
  readonly namespace: string
  readonly name: string
  readonly policy: KnownPolicy
  /** undefined: it is not to be had here. */
  readonly plan: PackedPlan | undefined
  readonly isReadBack: boolean
}

/** Serves the plans of policies, read only: `/plans/…`. */
export class PlanRoutes {
  readonly #source: PlanSource
  readonly #facts = new BodyFactsCache<PackedPlan>()

  constructor(source: PlanSource) {
    this.#source = source
  }

  /** Names may be longer than a parameter of a route: hence the wildcard. */
  readonly register = (app: FastifyInstance): void => {
    app.route<Wildcard>({
      method: ['GET', 'HEAD'],
      url: '/plans/*',
      handler: async (request, reply) => {
        const [namespace = '', name = '', file, ...rest] = request.params['*'].split('/')
        if (rest.length > 0) return refuse(reply, NO_SUCH_PATH)
        const policy = this.#source.plan(namespace, name)
        if (policy === undefined) return refuse(reply, noSuchPolicy(namespace, name))
        if (file !== undefined && file !== '' && !isPlanFile(file)) return refuse(reply, NO_SUCH_PATH)
        const own = currentPlan(policy)
        const plan = own ?? (await this.#source.readBack(namespace, name))
        const asked = { namespace, name, policy, plan, isReadBack: own === undefined }
        if (file === undefined) return index(asked, `${encodeURIComponent(name)}/`, reply)
        return isPlanFile(file) ? await this.#plan(asked, file, request, reply) : index(asked, '', reply)
      },
    })
  }

  async #plan(
    asked: Asked,
    file: PlanFileName,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { plan } = asked
    if (plan === undefined) return notHere(reply, whyMissing(asked))
    const format: PlanFormat = PLAN_FORMATS[file]
    const { etag, bytes } = await this.#facts.of(plan, format)
    const isZipped = acceptsGzip(request.headers['accept-encoding'])
    const shownEtag = isZipped ? etag.replace(/"$/, '-gzip"') : etag
    reply.headers({
      ...{ ...HEADERS, 'content-security-policy': format.policy, 'cache-control': 'no-cache' },
      ...{ etag: shownEtag, vary: 'accept-encoding' },
    })
    if (matchesEtag(request.headers['if-none-match'], shownEtag)) return reply.code(304).send()
    reply.type(format.contentType)
    if (isZipped) reply.header('content-encoding', 'gzip')
    else reply.header('content-length', bytes)
    if (request.method === 'HEAD') return reply.send()
    const body = Readable.from(encoded(format.write(plan)), { objectMode: false })
    return reply.send(isZipped ? zipped(body) : body)
  }
}

function index(asked: Asked, path: string, reply: FastifyReply): FastifyReply {
  const { namespace, name, policy, plan, isReadBack } = asked
  const links = Object.entries(PLAN_FORMATS).map(([file, { title }]) => ({ href: path + file, text: title }))
  const page = planIndexPage({
    ...{ namespace, name, status: policy.status },
    links: plan === undefined ? [] : links,
    missing: plan === undefined ? whyMissing(asked) : undefined,
    isRedacted: plan !== undefined && isReadBack && policy.status?.plan?.report?.redacted === true,
  })
  return reply
    .headers({ ...HEADERS, 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-store' })
    .type(HTML_TYPE)
    .send(Readable.from(chunks(page)))
}

/** The plan, unless the status knows of a later one: another replica has made it. */
function currentPlan({ plan, status }: KnownPolicy): PackedPlan | undefined {
  if (plan === undefined) return undefined
  const told = Date.parse(status?.plan?.time ?? '')
  return Date.parse(plan.head.readAt) < told ? undefined : plan
}

function whyMissing({ namespace, name, policy: { status } }: Asked): string {
  const { time, report } = status?.plan ?? {}
  if (time === undefined) return `There is no plan of ${namespace}/${name} yet`
  const kept =
    report?.reference === undefined
      ? ''
      : `; ${report.reference} holds one, which cannot be read at the moment: the log of this pod says why`
  return `The plan of ${namespace}/${name} of ${time} is not in this pod: another replica has it, or it went with a restart. The next one comes by its schedule${kept}`
}

function noSuchPolicy(namespace: string, name: string): string {
  return `there is no RegistryPolicy ${namespace}/${name}; kubectl get registrypolicies --all-namespaces lists them`
}

const NO_SUCH_PATH = `there is no such path; there is /plans/NAMESPACE/NAME, and below it ${Object.keys(PLAN_FORMATS).join(', ')}`

/** What breaks on one side ends the other; the reader is told by fastify. */
function zipped(body: Readable): Readable {
  return pipeline(body, createGzip(), () => undefined)
}
