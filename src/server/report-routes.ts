import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CheckReport } from '#report/check-report.ts'
import { type CurrentVerdict, verdictOfStatus } from '#report/current-verdict.ts'
import { indexPage } from '#report/index-page.ts'
import { linesOfReport, linesOfStatus, nagiosText } from '#report/nagios-text.ts'
import { PAGE_POLICY } from '#report/page.ts'
import { plainText } from '#report/plain-text.ts'
import { chunks } from '#report/text-chunks.ts'
import { HTML_TYPE } from '#server/file-format.ts'
import { HEADERS, notHere, refuse, textReply } from '#server/replies.ts'
import { BodyFactsCache, matchesEtag } from '#server/report-body.ts'
import { isReportFile, REPORT_FORMATS, type ReportFile, type ReportFormat } from '#server/report-formats.ts'
import type { KnownCheck, ReportSource } from '#server/report-source.ts'
import type { Clock } from '#time/clock.ts'

type Wildcard = { Params: { '*': string } }

/** The check that a request is about. */
interface Asked {
  readonly namespace: string
  readonly name: string
  readonly check: KnownCheck
}

/** Serves what is known of the checks, read only: `/reports/…`, `/nagios/…`, and the paths of the scripts that came before. */
export class ReportRoutes {
  readonly #source: ReportSource
  readonly #clock: Clock
  readonly #facts = new BodyFactsCache<CheckReport>()

  constructor(source: ReportSource, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  /** Names may be longer than a parameter of a route: hence the wildcards. */
  readonly register = (app: FastifyInstance): void => {
    const method = ['GET', 'HEAD']
    app.route<Wildcard>({
      method,
      url: '/nagios/*',
      handler: (request, reply) => {
        const [namespace = '', name = '', ...rest] = request.params['*'].split('/')
        return this.#nagios(rest.length === 0 ? this.#find(namespace, name) : NO_SUCH_PATH, reply)
      },
    })
    app.route<Wildcard>({
      method,
      url: '/reports/*',
      handler: (request, reply) => {
        const [namespace = '', name = '', file, ...rest] = request.params['*'].split('/')
        if (rest.length > 0) return refuse(reply, NO_SUCH_PATH)
        const asked = this.#find(namespace, name)
        if (file === undefined) return this.#index(asked, reply)
        return isReportFile(file) ? this.#report(asked, file, request, reply) : refuse(reply, NO_SUCH_PATH)
      },
    })
    app.route({
      method,
      url: '/_nagios_check_registry',
      handler: (_, reply) => this.#nagios(this.#default(), reply),
    })
    app.route({ method, url: '/_health', handler: (_, reply) => this.#health(this.#default(), reply) })
    for (const [url, file] of DEFAULT_REPORTS) {
      app.route({
        method,
        url,
        handler: (request, reply) => this.#report(this.#default(), file, request, reply),
      })
    }
  }

  #find(namespace: string, name: string): Asked | string {
    const check = this.#source.check(namespace, name)
    if (check !== undefined) return { namespace, name, check }
    return `there is no RegistryCheck ${namespace}/${name}; kubectl get registrychecks --all-namespaces lists them`
  }

  #default(): Asked | string {
    const { defaultCheck } = this.#source
    if (defaultCheck === undefined) {
      return 'no RegistryCheck is the default one; /nagios/NAMESPACE/NAME and /reports/NAMESPACE/NAME are about a named one'
    }
    const slash = defaultCheck.indexOf('/')
    return this.#find(defaultCheck.slice(0, slash), defaultCheck.slice(slash + 1))
  }

  /** Whatever the state: it is the text that Nagios is told, and a code of HTTP would be taken for a fault on the way. */
  #nagios(asked: Asked | string, reply: FastifyReply): FastifyReply {
    if (typeof asked === 'string') return refuse(reply, asked, 'UNKNOWN - ')
    const text = nagiosText(this.#verdict(asked), problemsOf(asked))
    return textReply(reply.header('cache-control', 'no-store')).send(Readable.from(chunks(text)))
  }

  #index(asked: Asked | string, reply: FastifyReply): FastifyReply {
    if (typeof asked === 'string') return refuse(reply, asked)
    const { namespace, name, check } = asked
    const path = `${encodeURIComponent(name)}/`
    const links = Object.entries(REPORT_FORMATS).map(([file, { title }]) => ({
      href: path + file,
      text: title,
    }))
    const nagios = `../../nagios/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`
    const page = indexPage({
      ...{ namespace, name },
      verdict: this.#verdict(asked),
      problems: problemsOf(asked),
      links: [...links, { href: nagios, text: 'The text for Nagios' }],
      missing: currentReport(check) === undefined ? whyMissing(asked) : undefined,
    })
    return reply
      .headers({ ...HEADERS, 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-store' })
      .type(HTML_TYPE)
      .send(Readable.from(chunks(page)))
  }

  async #report(
    asked: Asked | string,
    file: ReportFile,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    if (typeof asked === 'string') return refuse(reply, asked)
    const report = currentReport(asked.check)
    if (report === undefined) {
      return notHere(reply, whyMissing(asked))
    }
    const format: ReportFormat = REPORT_FORMATS[file]
    const { etag, bytes } = await this.#facts.of(report, format)
    reply.headers({
      ...HEADERS,
      ...{ 'content-security-policy': format.policy, etag, 'cache-control': 'no-cache' },
    })
    if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
    reply.type(format.contentType).header('content-length', bytes)
    return request.method === 'HEAD'
      ? reply.send()
      : reply.send(Readable.from(chunks(format.write(report)), { objectMode: false }))
  }

  /** Of the checker, and not of the images: whether it has looked lately. */
  #health(asked: Asked | string, reply: FastifyReply): FastifyReply {
    if (typeof asked === 'string') return refuse(reply, asked, 'ERROR: ')
    const { isOutdated, message, finishedAt } = this.#verdict(asked)
    return finishedAt === undefined || isOutdated
      ? textReply(reply.code(503)).send(`ERROR: ${plainText(message)}\n`)
      : textReply(reply).send('OK\n')
  }

  #verdict({ check: { status, outdatedAt, isSuspended } }: Asked): CurrentVerdict {
    return verdictOfStatus({ status, outdatedAt, isSuspended, now: this.#clock.now() })
  }
}

const DEFAULT_REPORTS: readonly (readonly [url: string, file: ReportFile])[] = [
  ['/_report.json', 'report.json'],
  ['/_report.csv', 'report.csv'],
  ['/_images.json', 'images.json'],
]

const NO_SUCH_PATH = `there is no such path; there are /nagios/NAMESPACE/NAME, /reports/NAMESPACE/NAME, and below the latter ${Object.keys(REPORT_FORMATS).join(', ')}`

/** The report, unless the status knows of a later run: another replica has made it. */
function currentReport({ report, status }: KnownCheck): KnownCheck['report'] {
  if (report === undefined) return undefined
  const told = Date.parse(status?.run?.finishedAt ?? '')
  return Date.parse(report.run.finishedAt) < told ? undefined : report
}

function problemsOf({ check }: Asked): Iterable<string> {
  const report = currentReport(check)
  return report === undefined ? linesOfStatus(check.status) : linesOfReport(report)
}

function whyMissing({ namespace, name, check: { status } }: Asked): string {
  const finishedAt = status?.run?.finishedAt
  return finishedAt === undefined
    ? `There is no report of ${namespace}/${name} yet: no run has ended`
    : `The report of the run of ${namespace}/${name} that ended at ${finishedAt} is not in this pod: another replica has it, or it went with a restart. The next run brings a new one; /nagios/${namespace}/${name} says what is known`
}
