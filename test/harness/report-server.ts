import { fastify } from 'fastify'
import { onTestFinished } from 'vitest'
import type { CheckReport } from '#report/check-report.ts'
import { ReportRoutes } from '#server/report-routes.ts'
import type { KnownCheck } from '#server/report-source.ts'
import { OUTDATED_AT, RUN_END } from '#test/harness/check-report.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

/** The status that the operator writes with a report, as far as the server asks for it. */
export function statusOf(report: CheckReport): NonNullable<KnownCheck['status']> {
  const { total, healthy, unhealthy, unknown } = report.imageCounts
  const open = report.findings.filter(({ ignored }) => ignored === null)
  return {
    conditions: [
      {
        type: 'Healthy',
        ...report.verdict,
        observedGeneration: 1,
        lastTransitionTime: '2027-01-10T12:00:10Z',
      },
    ],
    run: { startedAt: '2027-01-10T12:00:00Z', finishedAt: '2027-01-10T12:00:10Z', durationSeconds: 10 },
    images: { total, healthy, unhealthy, unknown },
    findingCounts: report.findingCounts,
    findings: open.slice(0, 1).map(({ image, code, severity, message, pods }) => ({
      ...{ image, code, severity, message, pods },
      usedBy: [],
      firstSeen: '2027-01-10T11:00:10Z',
    })),
  }
}

/** A check with this report, at the end of its run. */
export function knownCheck(report: CheckReport, changes: Partial<KnownCheck> = {}): KnownCheck {
  return { status: statusOf(report), isSuspended: false, outdatedAt: OUTDATED_AT, report, ...changes }
}

/** The routes of the reports on a real server, with `apps/in-use` as the default check; ends with the test. */
export async function startReportServer(
  check: KnownCheck | undefined,
  options: { noDefault?: boolean } = {},
) {
  const clock = new FakeClock(RUN_END)
  const checks = new Map([['apps/in-use', check]])
  const source = {
    check: (namespace: string, name: string) => checks.get(`${namespace}/${name}`),
    defaultCheck: options.noDefault === true ? undefined : 'apps/in-use',
  }
  const app = fastify({ forceCloseConnections: true })
  new ReportRoutes(source, clock).register(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  return { url, clock, checks, ask: (path: string, init?: RequestInit) => fetch(url + path, init) }
}
