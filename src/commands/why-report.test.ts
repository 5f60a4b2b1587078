import { describe, expect, test } from 'vitest'
import { parseAskedImage } from '#commands/asked-image.ts'
import { whyJson } from '#commands/why-json.ts'
import { type RememberedUse, type WhyReport, whyReport } from '#commands/why-report.ts'
import { whyText } from '#commands/why-text.ts'
import { aggregate } from '#inventory/aggregate.ts'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import type { ContainerUse, UsingObject } from '#inventory/using-object.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const HOUR_MS = 3_600_000

let created = 0
function object(
  kind: string,
  name: string,
  image: string,
  changes: Partial<UsingObject & ContainerUse> = {},
): UsingObject {
  const { running, pullFailing = false, ...rest } = changes
  return {
    uid: `uid-${++created}`,
    namespace: 'shop',
    kind,
    name,
    use: 'pod',
    hasPullSecrets: false,
    images: [{ image, running, neverPull: false, pullFailing }],
    ...rest,
  }
}

const webPod = (name: string, image: string, changes: Parameters<typeof object>[3] = {}) =>
  object('Pod', name, image, {
    owner: { kind: 'ReplicaSet', name: 'web-7bfb4bc78d' },
    node: 'worker-1',
    phase: 'Running',
    ...changes,
  })

function report(
  text: string,
  clusters: Readonly<Record<string, readonly UsingObject[]>>,
  remembered?: readonly RememberedUse[],
): WhyReport {
  const asked = parseAskedImage(text)
  if (asked === undefined) throw new Error(`${text} cannot be asked about`)
  const named = Object.entries(clusters).map(([name, objects]) => {
    const uses = new ClusterUses()
    for (const each of objects) uses.table(each.kind).upsert(each)
    return { name, uses }
  })
  const images = aggregate(named.flatMap(({ name, uses }) => [...uses.usages(name)]))
  return whyReport(asked, images, named, remembered)
}

const IN_USE = {
  prod: [
    webPod('web-7bfb4bc78d-aaaaa', 'nginx:1.25', { running: { kind: 'manifest', digest: DIGEST } }),
    webPod('web-7bfb4bc78d-bbbbb', 'nginx:1.25', { phase: 'Pending', node: '', pullFailing: true }),
    object('Deployment', 'web', 'docker.io/library/nginx:1.25', { use: 'template' }),
    object('Job', 'once', 'nginx:1.25', { use: 'template', namespace: 'batch' }),
    object('Pod', 'once-x', 'nginx:1.25', {
      ...{ namespace: 'batch', owner: { kind: 'Job', name: 'once' }, phase: 'Succeeded' },
      finishedAt: Date.UTC(2026, 10, 24, 14, 5),
    }),
    object('Node', 'worker-1', 'docker.io/library/nginx:1.25', { use: 'node', namespace: '' }),
  ],
  edge: [],
}

describe('the report', () => {
  test('names clusters, workloads, pods with node and state, and nodes that cache it', () => {
    expect(whyText(report('nginx:1.25', IN_USE))).toBe(
      [
        'docker.io/library/nginx:1.25 is in use in 1 of 2 clusters.',
        '',
        'prod',
        '  batch/Job/once',
        '    pod       once-x    -  Succeeded, finished 2026-11-24 14:05 UTC  as nginx:1.25',
        '    template  1 object                                               as nginx:1.25',
        '  shop/Deployment/web',
        '    pod       web-7bfb4bc78d-bbbbb  -         Pending, ImagePullBackOff  as nginx:1.25',
        '    pod       web-7bfb4bc78d-aaaaa  worker-1  Running                    as nginx:1.25',
        '    template  1 object',
        '  cached on 1 node: worker-1',
        '',
        'This is what uses it now; no memory of earlier use was read.',
        '',
      ].join('\n'),
    )
  })

  test('of a digest names who runs it, and not who names the tag', () => {
    const { users, inUse } = report(DIGEST, IN_USE)
    expect(inUse).toBe('yes')
    expect(
      users.flatMap(({ workloads }) => workloads.flatMap(({ pods }) => pods.map(({ name }) => name))),
    ).toEqual(['web-7bfb4bc78d-aaaaa'])
  })

  test('says where nothing uses it', () => {
    const unused = report('nginx:1.26', IN_USE)
    expect(unused).toMatchObject({ inUse: 'no', users: [], clusters: ['prod', 'edge'] })
    expect(whyText(unused)).toBe(
      'docker.io/library/nginx:1.26 is not in use in prod, edge.\n\nThis is what uses it now; no memory of earlier use was read.\n',
    )
  })

  test('tells apart what only seems to mean it', () => {
    const mirrored = report('registry.local/team/app:1', {
      prod: [webPod('web-1', 'mirror.local/team/app:1')],
    })
    expect(mirrored).toMatchObject({
      inUse: 'seemingly',
      seeming: [{ image: 'mirror.local/team/app:1', match: 'suspected-alias' }],
    })
    expect(whyText(mirrored)).toContain('registry.local/team/app:1 seems to be in use in 1 of 1 cluster.\n')
    expect(whyText(mirrored)).toContain(
      'Names that may mean registry.local/team/app:1:\n  mirror.local/team/app:1  its path ends in the same repository; another name of the same registry?\n',
    )
  })

  test('names the first pods and counts the others', () => {
    const pods = Array.from({ length: 12 }, (_, index) =>
      webPod(`web-${String(index).padStart(2, '0')}`, 'nginx:1.25'),
    )
    const text = whyText(report('nginx:1.25', { prod: pods }))
    expect(text.match(/^ {4}pod {2}web-/gm)).toHaveLength(10)
    expect(text).toContain('    pod  and 2 more\n')
  })

  test('with a memory says since when and until when it was seen', () => {
    const entry = {
      ...{ inventory: 'ops/all', cluster: 'prod', image: 'nginx:1.26', users: ['shop/Deployment/web'] },
      firstSeen: 490_000 * HOUR_MS,
      lastSeen: 498_000 * HOUR_MS,
    }
    const remembered = report('nginx:1.26', IN_USE, [entry])
    expect(whyText(remembered)).toBe(
      [
        'docker.io/library/nginx:1.26 is not in use in prod, edge.',
        '',
        'Remembered by ImageInventory ops/all, to the hour:',
        '  prod  nginx:1.26  first seen 2025-11-24 16:00 UTC  last seen 2026-10-24 00:00 UTC  by shop/Deployment/web',
        '',
      ].join('\n'),
    )
    expect(whyText(report('nginx:1.26', IN_USE, []))).toContain('No ledger remembers it.\n')
    expect(JSON.parse(whyJson(remembered)).remembered).toEqual([
      { ...entry, firstSeen: '2025-11-24T16:00:00.000Z', lastSeen: '2026-10-24T00:00:00.000Z' },
    ])
  })

  test('as JSON is complete', () => {
    expect(JSON.parse(whyJson(report('nginx:1.25', IN_USE)))).toMatchObject({
      image: 'docker.io/library/nginx:1.25',
      inUse: 'yes',
      clusters: ['prod', 'edge'],
      users: [
        {
          cluster: 'prod',
          workloads: [
            {
              namespace: 'batch',
              kind: 'Job',
              name: 'once',
              use: 'pod',
              pods: [{ finishedAt: '2026-11-24T14:05:00.000Z' }],
            },
            {
              ...{
                namespace: 'shop',
                kind: 'Deployment',
                name: 'web',
                use: 'pod',
                objects: 2,
                pullFailures: 1,
              },
              pods: [
                {
                  name: 'web-7bfb4bc78d-bbbbb',
                  node: '',
                  phase: 'Pending',
                  pullFailing: true,
                  finishedAt: null,
                },
                {
                  name: 'web-7bfb4bc78d-aaaaa',
                  node: 'worker-1',
                  phase: 'Running',
                  pullFailing: false,
                  finishedAt: null,
                },
              ],
            },
            { namespace: 'batch', use: 'template', pods: [] },
            { namespace: 'shop', use: 'template', pods: [] },
          ],
          nodesCaching: ['worker-1'],
        },
      ],
      seemingNames: [],
      remembered: null,
    })
  })
})
