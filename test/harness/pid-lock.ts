import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '#time/clock.ts'

/** Who holds a lock. `started` tells a process from a later one with the same pid; '' where the system does not say. */
export interface LockOwner {
  readonly pid: number
  readonly started: string
}

/** What to do about a lock file: nobody holds it, somebody alive does, or its owner is gone. */
export type LockDecision =
  | { readonly kind: 'free' }
  | { readonly kind: 'held'; readonly owner: LockOwner }
  | { readonly kind: 'stale' }

/**
 * Judges the content of a lock file.
 * @param content the text of the file; undefined where there is none
 * @param startOf the start mark of a living process; undefined where the pid does not live
 */
export function judgeLock(
  content: string | undefined,
  startOf: (pid: number) => string | undefined,
): LockDecision {
  if (content === undefined) return { kind: 'free' }
  const owner = parseOwner(content)
  if (owner === undefined) return { kind: 'stale' }
  return startOf(owner.pid) === owner.started ? { kind: 'held', owner } : { kind: 'stale' }
}

function parseOwner(content: string): LockOwner | undefined {
  const [, pid, started] = /^(\d+)(?: (\d+))?\n$/.exec(content) ?? []
  return pid === undefined ? undefined : { pid: Number(pid), started: started ?? '' }
}

/** Linux counts a process's start in clock ticks since boot (proc(5), field 22 of stat); elsewhere only the pid counts. */
export async function processStart(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM is an answer of a living process that belongs to somebody else.
    if (!isErrno(error, 'EPERM')) return undefined
  }
  const stat = await readIfThere(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets and may itself hold blanks and brackets.
  return stat === undefined ? '' : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '')
}

/**
 * Takes the lock if nobody alive holds it, and answers how to release it; undefined where it is held.
 * Two processes that find the same dead owner in the same instant could both win: whoever relies on this lock must be
 * merely slower, not wrong, when that happens.
 */
export async function tryLock(file: string): Promise<(() => Promise<void>) | undefined> {
  await mkdir(path.dirname(file), { recursive: true })
  const mine = `${process.pid} ${(await processStart(process.pid)) ?? ''}`.trimEnd().concat('\n')
  const content = await readIfThere(file)
  const owner = parseOwner(content ?? '')
  const start = owner === undefined ? undefined : await processStart(owner.pid)
  const decision = judgeLock(content, () => start)
  if (decision.kind === 'held') return undefined
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`
  if (decision.kind === 'stale') {
    const moved = await rename(file, `${draft}.stale`).then(() => true, ignore('ENOENT', false))
    if (moved) await rm(`${draft}.stale`, { force: true })
  }
  await writeFile(draft, mine)
  // A link appears with its content or not at all, and fails where another was quicker.
  const won = await link(draft, file).then(() => true, ignore('EEXIST', false))
  await rm(draft)
  if (!won) return undefined
  return () => rm(file, { force: true })
}

/**
 * Waits until the lock is ours.
 * @param onWait called once when somebody else holds it
 * @returns the function that releases it
 */
export async function lock(
  file: string,
  onWait: (owner: LockOwner | undefined) => void,
): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt += 1) {
    const release = await tryLock(file)
    if (release !== undefined) return release
    if (attempt === 0) onWait(parseOwner((await readIfThere(file)) ?? ''))
    await systemClock.sleep(200)
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    // ESRCH: the process behind a /proc file ended while it was read.
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) return undefined
    throw error
  })
}

function ignore<T>(code: string, instead: T): (error: unknown) => T {
  return (error) => {
    if (isErrno(error, code)) return instead
    throw error
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
