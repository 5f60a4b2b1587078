import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { containerImage } from '#test/harness/images.ts'
import { startNode, type TestNode } from '#test/harness/node.ts'
import { processesNaming } from '#test/harness/process-list.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { deployment, PULL_FAILED, RUNNING, untilPod } from './support/workload.ts'

const HOST = 'registry.example.com'
const IMAGE = containerImage({ seed: 'web', runnable: true })

let cluster: TestCluster
let registry: TestRegistry
let node: TestNode

beforeAll(async () => {
  ;[cluster, registry] = await Promise.all([
    startCluster({ controllers: true }),
    startRegistry({ version: '3', tls: true }),
  ])
  new StorageWriter(registry.storageDir).write('web', IMAGE, '1')
  node = await startNode(cluster, { registries: [{ host: HOST, url: registry.url, caPem: registry.caPem }] })
})
afterAll(async () => {
  await node?.stop()
  await Promise.all([cluster?.stop(), registry?.stop()])
})

const in_ = (name: string) => ({ namespace: cluster.namespace, name })

/** Control groups and mounts of this machine whose name holds that of the node's state directory. */
async function remainsOf(stateDir: string): Promise<string[]> {
  const name = path.basename(stateDir)
  const groups = await readdir('/sys/fs/cgroup', { recursive: true })
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  return [...groups, ...mounts].filter((line) => line.includes(name))
}

describe('a real node', () => {
  test('runs what a Deployment asks for, pulled over TLS from the registry that a host name stands for', async () => {
    await cluster.apply([deployment(in_('web'), `${HOST}/web:1`)])
    const pod = await untilPod(cluster, in_('web'), RUNNING)
    expect(pod).toMatchObject({ nodeName: node.name, imageId: `${HOST}/web@${IMAGE.manifest.digest}` })
    expect(await node.ctr('images', 'list', '--quiet')).toContain(`${HOST}/web:1\n`)
  })

  test('says of what is not there that it cannot be pulled', async () => {
    await cluster.apply([deployment(in_('gone'), `${HOST}/gone:1`)])
    await untilPod(cluster, in_('gone'), PULL_FAILED)
  })

  test('leaves no process, no mount and no control group of itself or its containers', async () => {
    const { stateDir } = node
    expect(await processesNaming(stateDir)).not.toEqual([])
    expect(await remainsOf(stateDir)).not.toEqual([])
    await node.stop()
    expect(await processesNaming(stateDir)).toEqual([])
    expect(await remainsOf(stateDir)).toEqual([])
  })

  test('has an empty image store when it comes again, and its pods are pulled anew', async () => {
    // This time it does not know what the host name stands for.
    node = await startNode(cluster)
    await untilPod(cluster, in_('web'), PULL_FAILED)
    expect(await node.ctr('images', 'list', '--quiet')).not.toContain(`${HOST}/web`)
  })
})
