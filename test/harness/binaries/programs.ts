import { DEBIAN_PACKAGES, prepareDebianProgram } from '#test/harness/binaries/debian.ts'
import { Downloader } from '#test/harness/binaries/download.ts'
import { FAMILIES } from '#test/harness/binaries/families.ts'
import { prepareFamily } from '#test/harness/binaries/prepare-family.ts'
import { cacheDirectory } from '#test/harness/binaries/source.ts'

/** Every program that tests, demo and benchmarks start. */
export type ProgramName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubectl'
  | 'kubelet'
  | 'kwok'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'registry'
  | 'regctl'
  | 'crane'
  | 'docker-registry'
  | 'skopeo'
  | 'wrk'
  | 'htpasswd'
  | 'runc'

/** Families by name, and the Debian programs. */
export const GROUPS: readonly string[] = [
  ...FAMILIES.map((family) => family.name),
  ...Object.keys(DEBIAN_PACKAGES),
]

/** What a real node is made of besides the kubelet. Where none can run (nodeObstacle) nobody has to build it. */
const NODE = ['containerd', 'runc']

/** What is started for a purpose: `make test`, `make demo` and `make bench` prepare that and no more. */
export const PURPOSES: Readonly<Record<string, readonly string[]>> = {
  test: GROUPS.filter((group) => group !== 'wrk' && !NODE.includes(group)),
  node: ['etcd', 'kubernetes', 'distribution', 'docker-registry', ...NODE],
  demo: ['etcd', 'kubernetes', 'kwok', 'docker-registry', 'htpasswd'],
  bench: ['etcd', 'kubernetes', 'distribution', 'docker-registry', 'wrk', 'containerd', 'runc'],
}

/** One per process, so that a host that cannot be reached is asked once. */
const downloader = new Downloader()
const prepared = new Map<string, Promise<ReadonlyMap<string, string>>>()

/**
 * Makes a family, or a Debian program, available. Done once in a process; later calls share the result.
 * @param group one of GROUPS
 * @returns program name → file
 * @throws Error that says what is missing and what to install
 */
export function prepareGroup(group: string): Promise<ReadonlyMap<string, string>> {
  const known = prepared.get(group)
  if (known !== undefined) return known
  const family = FAMILIES.find(({ name }) => name === group)
  const work =
    family === undefined
      ? prepareDebianProgram(group, cacheDirectory(process.env)).then((file) => new Map([[group, file]]))
      : prepareFamily(family, { downloader })
  prepared.set(group, work)
  return work
}

/** The file of a program, which is downloaded, built or installed first where it has to be. */
export async function program(name: ProgramName): Promise<string> {
  const family = FAMILIES.find(({ programs }) => programs.some((candidate) => candidate.name === name))
  const file = (await prepareGroup(family?.name ?? name)).get(name)
  if (file === undefined) throw new Error(`no program ${name} was prepared`)
  return file
}
