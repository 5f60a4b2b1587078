/** One program of a family. `file` is what it is called in the cache: what `go build` names it. */
export interface Program {
  readonly name: string
  readonly file: string
}

export interface Platform {
  readonly os: 'linux' | 'darwin'
  readonly arch: 'amd64' | 'arm64'
}

/** One file of an official release. */
export interface ReleaseFile {
  readonly url: string
  readonly checksumUrl: string
  /** Where the program lies in the archive; none: the file is the program. */
  readonly member?: string
}

/** Programs that are released and built together. Their version stands in test/binaries/<name>/go.mod only. */
export interface Family {
  readonly name: string
  /** The Go module whose version is the family's. */
  readonly module: string
  readonly programs: readonly Program[]
  /** For the progress line: measured on two cores. */
  readonly buildTime: string
  /** Build tags, none by default. */
  readonly tags?: readonly string[]
  /** Variables that the linker sets: package path and name → value. */
  readonly linkerVariables: (version: string) => Readonly<Record<string, string>>
  /** undefined where nothing is released for this platform. */
  readonly release: (program: Program, version: string, platform: Platform) => ReleaseFile | undefined
}

const same = (...names: string[]): Program[] => names.map((name) => ({ name, file: name }))
const none = () => ({})
const github = (repository: string, version: string) =>
  `https://github.com/${repository}/releases/download/${version}`
/** For projects that publish no checksum file: GitHub computes and publishes the digest of every asset. */
const githubDigests = (repository: string, version: string) =>
  `https://api.github.com/repos/${repository}/releases/tags/${version}`

export const FAMILIES: readonly Family[] = [
  {
    name: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    // The module itself is the program, and so the program gets the module's name.
    programs: [{ name: 'etcd', file: 'server' }],
    buildTime: 'about 1 min',
    linkerVariables: none,
    release: (_program, version, { os, arch }) => {
      const folder = `etcd-${version}-${os}-${arch}`
      const base = github('etcd-io/etcd', version)
      return {
        url: `${base}/${folder}.${os === 'linux' ? 'tar.gz' : 'zip'}`,
        checksumUrl: `${base}/SHA256SUMS`,
        member: `${folder}/etcd`,
      }
    },
  },
  {
    name: 'kubernetes',
    module: 'k8s.io/kubernetes',
    programs: same('kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kubelet'),
    buildTime: 'about 7 min',
    // Without them clients and the API server call themselves v0.0.0-master.
    linkerVariables: (version) => {
      const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? []
      const at = 'k8s.io/component-base/version'
      return { [`${at}.gitVersion`]: version, [`${at}.gitMajor`]: major, [`${at}.gitMinor`]: minor }
    },
    release: (program, version, { os, arch }) => {
      if (os !== 'linux' && program.name !== 'kubectl') return undefined
      const url = `https://dl.k8s.io/release/${version}/bin/${os}/${arch}/${program.name}`
      return { url, checksumUrl: `${url}.sha256` }
    },
  },
  {
    name: 'kwok',
    module: 'sigs.k8s.io/kwok',
    programs: same('kwok'),
    buildTime: 'about 1 min',
    linkerVariables: none,
    release: (_program, version, { os, arch }) => ({
      url: `${github('kubernetes-sigs/kwok', version)}/kwok-${os}-${arch}`,
      checksumUrl: githubDigests('kubernetes-sigs/kwok', version),
    }),
  },
  {
    name: 'containerd',
    module: 'github.com/containerd/containerd/v2',
    programs: same('containerd', 'containerd-shim-runc-v2', 'ctr'),
    buildTime: 'about 1 min',
    // Snapshotters that no test uses.
    tags: ['no_btrfs', 'no_devmapper', 'no_zfs'],
    linkerVariables: none,
    release: (program, version, { os, arch }) => {
      if (os !== 'linux') return undefined
      const url = `${github('containerd/containerd', version)}/containerd-${version.slice(1)}-${os}-${arch}.tar.gz`
      return { url, checksumUrl: `${url}.sha256sum`, member: `bin/${program.file}` }
    },
  },
  {
    name: 'distribution',
    module: 'github.com/distribution/distribution/v3',
    programs: same('registry'),
    buildTime: 'about 1 min',
    linkerVariables: none,
    release: (_program, version, { os, arch }) => {
      const url = `${github('distribution/distribution', version)}/registry_${version.slice(1)}_${os}_${arch}.tar.gz`
      return { url, checksumUrl: `${url}.sha256`, member: 'registry' }
    },
  },
  {
    name: 'regclient',
    module: 'github.com/regclient/regclient',
    programs: same('regctl'),
    buildTime: 'seconds',
    linkerVariables: none,
    release: (_program, version, { os, arch }) => ({
      url: `${github('regclient/regclient', version)}/regctl-${os}-${arch}`,
      checksumUrl: githubDigests('regclient/regclient', version),
    }),
  },
  {
    name: 'crane',
    module: 'github.com/google/go-containerregistry',
    programs: same('crane'),
    buildTime: 'seconds',
    linkerVariables: none,
    release: (_program, version, { os, arch }) => {
      const base = github('google/go-containerregistry', version)
      const system = os === 'linux' ? 'Linux' : 'Darwin'
      return {
        url: `${base}/go-containerregistry_${system}_${arch === 'amd64' ? 'x86_64' : arch}.tar.gz`,
        checksumUrl: `${base}/checksums.txt`,
        member: 'crane',
      }
    },
  },
]
