import { type ChildProcess, spawn } from 'node:child_process'

// Reads one command a line until its input ends, which happens however this process ends, SIGKILL included. What is
// still on its list then is killed by process group, and the directories are removed.
const SCRIPT = `
pids=""
while read -r verb what; do
  case "$verb" in
    watch) pids="$pids $what" ;;
    forget)
      kept=""
      for pid in $pids; do [ "$pid" = "$what" ] || kept="$kept $pid"; done
      pids="$kept" ;;
    remove) set -- "$@" "$what" ;;
  esac
done
for pid in $pids; do kill -9 "-$pid" 2>/dev/null; done
[ -z "$pids" ] || sleep 1
for directory; do rm -rf -- "$directory"; done
`

let watchdog: ChildProcess | undefined

/** Kills the process group of `pid` when this process ends without having said `forgetProcess`. */
export function watchProcess(pid: number): void {
  tell(`watch ${pid}`)
}

/** To be said when the process has ended: its pid may belong to somebody else from now on. */
export function forgetProcess(pid: number): void {
  tell(`forget ${pid}`)
}

/** Removes the directory when this process has ended. */
export function removeAtEnd(directory: string): void {
  tell(`remove ${directory}`)
}

function tell(line: string): void {
  watchdog ??= start()
  watchdog.stdin?.write(`${line}\n`)
}

function start(): ChildProcess {
  // Its own session: Ctrl-C in the terminal must reach us and not it.
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'tallyman-test-watchdog'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  })
  child.unref()
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function') {
    child.stdin.unref()
  }
  return child
}
