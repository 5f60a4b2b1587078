import path from 'node:path'

export interface ContainerdOptions {
  readonly stateDir: string
  /** Where the image of a pod's sandbox is pulled from. */
  readonly sandboxImage: string
  /** The file of runc. */
  readonly runtime: string
}

/** The socket on which containerd serves its own API and the CRI. */
export function containerdSocket(stateDir: string): string {
  return path.join(stateDir, 'containerd.sock')
}

/** The text of containerd's configuration (version 3): everything below `stateDir`, nothing that listens elsewhere. */
export function renderContainerdConfig({ stateDir, sandboxImage, runtime }: ContainerdOptions): string {
  const at = (...parts: string[]) => JSON.stringify(path.join(stateDir, ...parts))
  return `version = 3
root = ${at('containerd', 'root')}
state = ${at('containerd', 'state')}
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"]

[grpc]
address = ${JSON.stringify(containerdSocket(stateDir))}

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = ${JSON.stringify(sandboxImage)}

[plugins."io.containerd.cri.v1.images".registry]
config_path = ${at('registries')}

[plugins."io.containerd.cri.v1.runtime"]
disable_apparmor = true
tolerate_missing_hugetlb_controller = true
disable_hugetlb_controller = true
netns_mounts_under_state_dir = true
# Where a container may not lower its OOM score, runc would die of trying.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
conf_dir = ${at('cni')}
bin_dirs = [${at('cni', 'bin')}]

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = ${JSON.stringify(runtime)}
`
}

/** A network that only says that there is one: the pods of tests use that of the machine (hostNetwork). */
export const CNI_CONFIG = JSON.stringify({
  cniVersion: '1.0.0',
  name: 'machine',
  plugins: [{ type: 'loopback' }],
})
