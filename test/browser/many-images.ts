import { FINDING_CODES } from '#catalogue/finding-codes.ts'
import type { Finding } from '#health/finding.ts'
import type { SampleImage } from '#test/harness/check-report.ts'
import { FINDING_CODE_LIST } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

const TEAMS = ['shop', 'payments', 'search', 'platform', 'ads']
const STAGES = ['prod', 'staging', 'dev']
const HOSTILE = '</script><img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>\u202E'

/** As many images with a finding each as asked for, and a tenth of it without; the first is named by an attacker. */
export function manyImages(count: number): SampleImage[] {
  const broken = Array.from({ length: count }, (_, index) => brokenImage(index))
  const healthy = Array.from({ length: count / 10 }, (_, index) => ({
    use: imageUse(`registry.example/platform/tool-${index}:${index % 9}`),
    findings: [],
    ignored: [],
  }))
  return [...broken, ...healthy]
}

function brokenImage(index: number): SampleImage {
  const team = TEAMS[index % TEAMS.length] ?? ''
  const stage = STAGES[index % STAGES.length] ?? ''
  const code = FINDING_CODE_LIST[index % FINDING_CODE_LIST.length] ?? 'TagMissing'
  const use = imageUse(
    index === 0 ? HOSTILE : `registry.example/${team}/web-${index % 997}:2.${index}.0-build.${index * 7}`,
    {
      pods: index % 40,
      nodesCaching: index % 5,
      pullFailures: index % 11 === 0 ? 2 : 0,
      namespaces: [`${team}-${stage}`],
      users: [
        {
          cluster: `${stage}-eu`,
          namespace: `${team}-${stage}`,
          kind: 'Deployment',
          name: `web-${index % 997}`,
        },
        { cluster: `${stage}-us`, namespace: `${team}-${stage}`, kind: 'CronJob', name: 'nightly' },
      ],
    },
  )
  const digest = `sha256:${index.toString(16).padStart(64, '0')}`
  const { class: kind } = FINDING_CODES[code]
  const finding: Finding = {
    code,
    subject: digest,
    platform: index % 3 === 0 ? 'linux/arm64' : undefined,
    message:
      index === 0
        ? HOSTILE
        : `GET of the last byte of ${digest.slice(0, 19)}… in ${team}/web-${index % 997}: 404 BLOB_UNKNOWN`,
    harmful: kind !== 'info',
    severity:
      kind === 'info' ? 'Info' : index % 200 === 0 ? 'Critical' : index % 4 === 0 ? 'Warning' : 'Info',
    cause: 'REGISTRY_ABSENT',
    answer: {
      request: `GET https://registry.example/v2/${team}/web-${index % 997}/blobs/${digest}`,
      status: 404,
    },
    use,
  }
  return index % 50 === 49
    ? { use, findings: [], ignored: [finding] }
    : { use, findings: [finding], ignored: [] }
}
