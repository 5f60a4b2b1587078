import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import { ACCEPT_MANIFESTS } from '#test/harness/images.ts'
import type { TestRegistry } from '#test/harness/registry.ts'
import { run } from './child.ts'

/** One GET of a list that wrk walks. */
export interface Wanted {
  readonly path: string
  /** Of the last byte; absent: all of it. */
  readonly range?: string | undefined
}

/** Writes such a list, and the script with which wrk walks it, into a registry's folder. @returns the path of the script */
export async function wantedScript(registry: TestRegistry, wanted: readonly Wanted[]): Promise<string> {
  const script = path.join(registry.storageDir, 'wanted.lua')
  const list = path.join(registry.storageDir, 'wanted.txt')
  await writeFile(list, wanted.map(({ path: each, range = '' }) => `${each} ${range}`).join('\n'))
  await writeFile(script, lua(registry.host, list))
  return script
}

/** A list of twenty thousand is read from a file: as a literal it is more constants than a Lua function may have. */
function lua(host: string, list: string): string {
  return `
local wanted = {}
for line in io.lines("${list}") do
  local path, range = line:match("^(%S+) (%S*)$")
  local headers = { ["Host"] = "${host}", ["Accept"] = "${ACCEPT_MANIFESTS}" }
  if range ~= "" then headers["Range"] = range end
  wanted[#wanted + 1] = wrk.format("GET", path, headers)
end
local at = 0
request = function()
  at = at % #wanted + 1
  return wanted[at]
end
`
}

/** Requests a second by wrk, with one thread. @throws Error where some were refused */
export async function wrkRate(
  { url }: TestRegistry,
  luaScript: string,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<number> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', luaScript, url]
  const printed = await run(await program('wrk'), args)
  if (printed.includes('Non-2xx')) throw new Error(`wrk was refused: ${printed}`)
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(printed) ?? []
  return Number(rate)
}
