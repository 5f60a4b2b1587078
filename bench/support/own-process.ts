// What a measured program measures of itself.
import { readFileSync, writeFileSync } from 'node:fs'
import { systemClock } from '#time/clock.ts'

/** Waits until the program does nothing, and begins to measure its peak (Linux, proc(5)). @returns what it takes now, MB */
export async function idle(): Promise<number> {
  heapBytes()
  await systemClock.sleep(500)
  // VmHWM begins again. What loading the program took is not what it takes to do its work.
  writeFileSync('/proc/self/clear_refs', '5')
  return statusMb('VmRSS')
}

/** heapUsed and external after two collections; needs --expose-gc. external holds the array buffers already. */
export function heapBytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A field of /proc/self/status in MB, such as VmHWM, the peak. */
export function statusMb(field: string): number {
  const [, kb] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kb) / 1024
}

/**
 * The longest turn of the event loop, in CPU time of this thread: waiting for a core is not ours. A timer of 1 ms may
 * count short turns together, but lets the loop sleep: one that spins finds less data waiting in each turn.
 */
export function watchTurns(): { stop(): number } {
  let longest = 0
  let last = threadCpuMs()
  const timer = setInterval(() => {
    const now = threadCpuMs()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  return {
    stop: () => {
      clearInterval(timer)
      return longest
    },
  }
}

export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
