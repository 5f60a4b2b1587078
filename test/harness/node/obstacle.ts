import { run } from '#test/harness/binaries/run.ts'

// Namespaces, an overlay mount and a control group: what containerd and runc will ask for, all gone when it ends.
const PROBE = `
set -e
[ -w /dev/kmsg ] || { echo 'there is no /dev/kmsg' >&2; exit 1; }
directory=$(mktemp -d)
group=$([ -d /sys/fs/cgroup/memory ] && echo /sys/fs/cgroup/memory || echo /sys/fs/cgroup)/tallyman-probe-$$
trap 'rmdir "$group" 2>/dev/null; rm -rf "$directory"' EXIT
mkdir "$group" "$directory/lower" "$directory/upper" "$directory/work" "$directory/merged"
unshare --mount --pid --fork --mount-proc mount -t overlay overlay \\
  -o "lowerdir=$directory/lower,upperdir=$directory/upper,workdir=$directory/work" "$directory/merged"
`

/** Why no real node can run on this machine, in one line; undefined where it can. */
export async function nodeObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `this is ${process.platform}, and a node needs Linux`
  if (process.getuid?.() !== 0) return 'a node needs root'
  return run('/bin/sh', ['-c', PROBE]).then(
    () => undefined,
    (error: unknown) =>
      `this machine refuses namespaces, overlay mounts or control groups: ${lastLine(error)}`,
  )
}

function lastLine(error: unknown): string {
  const { message } = error instanceof Error ? error : new Error(String(error))
  return message.trimEnd().split('\n').at(-1) ?? message
}

/** `node test/harness/node/obstacle.ts`: exit code 0 where a node can run; otherwise 1, and the reason on stdout. */
if (import.meta.main) {
  const obstacle = await nodeObstacle()
  if (obstacle !== undefined) console.log(obstacle)
  process.exit(obstacle === undefined ? 0 : 1)
}
