import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CheckReport } from '#report/check-report.ts'
import { csvFindings } from '#report/csv-report.ts'
import { htmlReport } from '#report/html-report.ts'
import { jsonReport } from '#report/json-report.ts'
import { redacted } from '#report/redacted.ts'
import { brokenImage, checkReport, healthyImage } from '#test/harness/check-report.ts'
import { anySeverity, FINDING_CODE_LIST, findingOf } from '#test/harness/findings.ts'

const NAME = fc.stringMatching(/^secret-[a-z0-9]{4,8}$/)

test('S19: no format of a redacted report names a workload, a namespace, a cluster, a node or what somebody wrote about it', () => {
  const world = fc.record({
    cluster: NAME,
    namespace: NAME,
    name: NAME,
    node: NAME,
    code: fc.constantFrom(...FINDING_CODE_LIST),
    severity: anySeverity,
    isIgnored: fc.boolean(),
  })
  fc.assert(
    fc.property(world, ({ cluster, namespace, name, node, code, severity, isIgnored }) => {
      const use = { users: [{ cluster, namespace, kind: 'Deployment', name }], namespaces: [namespace] }
      const broken = brokenImage(
        'registry.example/app:1',
        findingOf(code, { severity, message: `${cluster}/${namespace}/Deployment/${name}` }),
        use,
      )
      const images = [
        isIgnored ? { ...broken, findings: [], ignored: broken.findings } : broken,
        healthyImage('registry.example/app:2', use),
      ]
      const places = [`${cluster}/${node}`]
      const report = checkReport(images, {
        inventory: name,
        spec: {
          scope: 'InUse',
          depth: 'Blobs',
          ignore: [{ image: '**', until: '2100-01-01T00:00:00Z', reason: name }],
        },
        verdict: { status: 'False', reason: 'ProblemsFound', message: `${namespace} has it` },
        nodes: () => ({ runs: places, ran: places, caches: places, cachingCount: 7 }),
      })
      const shown = redacted(report)
      const texts = [...jsonReport(shown), ...csvFindings(shown), ...htmlReport(shown)].join('')
      expect(texts).not.toContain('secret-')
      expect(CheckReport.parse(JSON.parse([...jsonReport(shown)].join('')))).toEqual(shown)
      expect(shown.findings.map(({ nodes, pods }) => [nodes.cachingCount, pods])).toEqual([[7, 1]])
    }),
  )
})
