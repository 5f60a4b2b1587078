import path from 'node:path'
import { stringify } from 'yaml'
import { containerdSocket } from '#test/harness/node/containerd-config.ts'

export interface KubeletOptions {
  readonly stateDir: string
  readonly healthPort: number
  /** Below which the control groups of pods are made. */
  readonly cgroup: string
}

/** The text of a KubeletConfiguration (v1beta1) for a node that shares its machine: it takes nothing away from others. */
export function renderKubeletConfig({ stateDir, healthPort, cgroup }: KubeletOptions): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerdSocket(stateDir)}`,
    // Nobody asks it for logs or to execute anything: the one port is that of its health.
    enableServer: false,
    healthzBindAddress: '127.0.0.1',
    healthzPort: healthPort,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    podLogsDir: path.join(stateDir, 'pod-logs'),
    volumePluginDir: path.join(stateDir, 'volume-plugins'),
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    resolvConf: '',
    // What the machine has besides is not the node's to evict for.
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    // Which images it has is part of the node's status.
    nodeStatusUpdateFrequency: '2s',
    nodeStatusReportFrequency: '2s',
    maxPods: 1_000,
    // A pull that waits for others is no pull that fails: 0 is no limit.
    registryPullQPS: 0,
    serializeImagePulls: false,
    maxParallelImagePulls: 4,
    kubeAPIQPS: 500,
    kubeAPIBurst: 1_000,
  })
}
