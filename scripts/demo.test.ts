import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pidsNaming } from '#test/harness/process-list.ts'
import { eventually } from '#test/harness/wait.ts'

// `make demo` without a terminal, as in a pipe or in CI.

const PORTS = `tallyman-ports-${userInfo().uid}`

/** Everything that the demo starts has a file below it on its command line. */
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'tallyman-demo-'))
  // It must know of the ports that other tests have reserved.
  await mkdir(path.join(tmpdir(), PORTS), { recursive: true })
  await symlink(path.join(tmpdir(), PORTS), path.join(directory, PORTS))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

interface Demo {
  readonly printed: () => string
  readonly exited: Promise<unknown[]>
  interrupt(): void
}

function startDemo(): Demo {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'demo.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: directory, TALLYMAN_TEST_KUBECONFIG: '', TALLYMAN_KEEP: '' },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
    })
  }
  return {
    printed: () => printed,
    exited: once(child, 'close'),
    interrupt: () => void child.kill('SIGINT'),
  }
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('the demo shows what kubectl shows of real damage, and ends by itself with 0', async () => {
  const demo = startDemo()
  const [code] = await demo.exited
  const printed = demo.printed()
  expect(code, printed).toBe(0)
  expect(printed).toMatch(
    /\$ kubectl get registries,imageinventories -o wide\nNAME .*\nregistry\.tallyman\.dev\/main /,
  )
  expect(printed).toMatch(
    /\nNAME +REGISTRY +SCOPE +IMAGES +UNHEALTHY .*\nin-use +main +InUse +11 +5 +Critical /,
  )
  expect(printed).toMatch(/\nin-use +main +InUse +11 +4 +Critical /)
  expect(printed).toMatch(/\nimageinventory\.tallyman\.dev\/everything +2\/2 +True /)
  expect(printed).toMatch(/\n +edge\/kiosk-prod\/Deployment\/till\n/)
  expect(printed).toMatch(/\$ tallyman why \S+\/kiosk\/till:v1\.1 .*\n\S+ is in use in 1 of 2 clusters\.\n/)
  expect(printed).toMatch(/ProblemsResolved +RegistryCheck\/in-use /)
  expect(printed).toMatch(/\neverything +1\/2 +False .* edge: Secret "edge-kubeconfig" does not exist /)
  expect(printed).toMatch(
    /\nin-use +main +InUse +11 +4 +Critical .* Unknown +Which images are in use is not known/,
  )
  expect(printed).toMatch(/ is not in use in local\.\n\nRemembered by .*\n +edge +\S+\/kiosk\/till:v1\.1 /)
  expect(printed).toMatch(/The Secret is back\. Waiting for both clusters … done /)
  expect(printed).not.toContain('\u001B')
  expect(printed).not.toContain('… failed')
  expect(printed).toMatch(
    /\nThis chapter is left out: no real node can run here: |ImagesRepaired +RegistryCheck\/shop /,
  )
  expect(printed).toMatch(/\nbuilds +builds +DryRun +8 +4 /)
  expect(printed).toMatch(/\n[\d.:]+\/apps\/api:v1\.0: 7 newer digests, not used since /)
  expect(printed).toMatch(/"phase":"Succeeded".*"swept":4,"untagged":4/)
  const builds = [...printed.matchAll(/^\{"name":"apps\/api","tags":(.*)\}$/gm)].map(([, tags = '']) => tags)
  expect(builds.map((tags) => JSON.parse(tags).sort().join(' '))).toEqual([
    'v1.3 v1.4 v1.6 v1.7',
    'v1.1 v1.3 v1.4 v1.6 v1.7',
    'v1.1 v1.3 v1.4 v1.5 v1.6 v1.7',
  ])
  expect(printed).toMatch(/EvictedInUse +RegistryPolicy\/builds +.*apps\/api:v1\.1 /)
  expect(printed).toMatch(/Stopping … done \([\d.]+ s\)\n$/)
  expect(await pidsNaming(directory)).toEqual([])
  expect(await readdir(directory)).toEqual([PORTS])
}, 300_000)

test.each(['Starting etcd', 'Starting the operator'])(
  'Ctrl-C in the step "%s" stops everything: 130, no step goes on, no process stays',
  async (step) => {
    const demo = startDemo()
    const pids = await eventually(
      async () => {
        const started = await pidsNaming(directory)
        return demo.printed().includes(step) && started.length > 1 ? started : undefined
      },
      { message: `the step ${step}`, timeoutMs: 120_000 },
    )
    demo.interrupt()
    const [code] = await demo.exited
    const printed = demo.printed()
    expect(code, printed).toBe(130)
    expect(printed).toMatch(new RegExp(`${step}.* … interrupted\nStopping … done \\([\\d.]+ s\\)\n$`))
    expect(pids.filter(alive)).toEqual([])
    expect(await pidsNaming(directory)).toEqual([])
    expect(await readdir(directory)).toEqual([PORTS])
  },
  180_000,
)
