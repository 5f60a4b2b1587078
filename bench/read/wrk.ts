import { program } from '#test/harness/binaries/programs.ts'
import { run } from '../support/child.ts'
import { CONNECTIONS, type Fixture } from './fixture.ts'

/** Requests a second by wrk over the fixture's list, GET, with as many connections as the clients. */
export async function wrkRate({ registry, luaScript }: Fixture, seconds: number): Promise<number> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', luaScript, registry.url]
  const printed = await run(await program('wrk'), args)
  if (printed.includes('Non-2xx')) throw new Error(`wrk was refused: ${printed}`)
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(printed) ?? []
  return Number(rate)
}
