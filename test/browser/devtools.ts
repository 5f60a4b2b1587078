import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { createStateDir } from '#test/harness/state-dir.ts'

const Message = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
})

const Evaluated = z.object({
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z.object({ text: z.string() }).optional(),
})

/** One page of a headless Chromium, driven by the DevTools protocol. */
export interface Page {
  /** @throws Error with what Chromium says */
  send(method: string, params?: object): Promise<unknown>
  /** The value of an expression in the page; a promise is waited for. */
  evaluate(expression: string): Promise<unknown>
  /** Everything that it has reported so far. */
  readonly events: readonly { readonly method: string; readonly params: unknown }[]
  close(): Promise<void>
}

/** Starts the Chromium that is on the PATH (Debian's package `chromium`). */
export async function openPage(): Promise<Page> {
  const profile = await createStateDir('chromium')
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0']
  const browser = spawn('chromium', [...flags, `--user-data-dir=${profile.path}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await once(browser, 'spawn')
  const address = await listening(browser.stderr)
  const targets = z
    .array(z.object({ type: z.string(), webSocketDebuggerUrl: z.string() }))
    .parse(await (await fetch(`http://${address}/json/list`)).json())
  const target = targets.find(({ type }) => type === 'page')
  if (target === undefined) throw new Error('Chromium has no page')

  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await once(socket, 'open')
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  const events: { method: string; params: unknown }[] = []
  socket.addEventListener('message', ({ data }) => {
    const message = Message.parse(JSON.parse(String(data)))
    if (message.method !== undefined) events.push({ method: message.method, params: message.params })
    if (message.id === undefined) return
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.error === undefined) call?.resolve(message.result)
    else call?.reject(new Error(message.error.message))
  })

  let last = 0
  const send = (method: string, params: object = {}) => {
    last += 1
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    waiting.set(last, { resolve, reject })
    socket.send(JSON.stringify({ id: last, method, params }))
    return promise
  }
  return {
    send,
    events,
    evaluate: async (expression) => {
      const options = { expression, awaitPromise: true, returnByValue: true }
      const { result, exceptionDetails } = Evaluated.parse(await send('Runtime.evaluate', options))
      if (exceptionDetails !== undefined) throw new Error(`${exceptionDetails.text} in ${expression}`)
      return result.value
    },
    close: async () => {
      socket.close()
      browser.kill()
      await once(browser, 'exit')
      await profile.remove()
    },
  }
}

async function listening(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [, address] = /DevTools listening on ws:\/\/([^/]+)\//.exec(line) ?? []
    if (address !== undefined) {
      output.resume()
      return address
    }
  }
  throw new Error('Chromium ended before it listened')
}
