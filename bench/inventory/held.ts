import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { HoldInput, HoldOutput, SyncOutput } from './hold.ts'

/** A process that holds an inventory, synced. */
export interface Held {
  readonly synced: SyncOutput
  /** Ends the watching. @throws Error with its standard error */
  finish(): Promise<HoldOutput>
}

/** Starts hold.ts, bundled, and resolves when it is synced. @throws Error with its standard error */
export async function startHold(bundle: string, input: HoldInput, flags: readonly string[]): Promise<Held> {
  const child = spawn(process.execPath, [...flags, bundle, JSON.stringify(input)])
  const ended = once(child, 'exit')
  const stderr = text(child.stderr)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => {
    const line = await lines.next()
    if (line.done !== true) return line.value
    const [code] = await ended
    throw new Error(`the inventory ended with ${code}: ${(await stderr).trim().slice(-4_000)}`)
  }
  const synced: SyncOutput = JSON.parse(await next())
  return {
    synced,
    finish: async () => {
      child.stdin.end()
      return JSON.parse(await next())
    },
  }
}
