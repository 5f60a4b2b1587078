import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/**
 * The listening port and every TCP connection that came through it. It stands before the HTTP or TLS server, so that
 * a connection can be reset (a TLS socket cannot be) and the port can be closed and opened again.
 */
export class FrontDoor {
  /** While true, new connections are accepted by the kernel and never read. */
  silent = false
  readonly #enter: (socket: Socket) => void
  readonly #open = new Set<Socket>()
  #listener: Server | undefined
  #connections = 0

  constructor(enter: (socket: Socket) => void) {
    this.#enter = enter
  }

  get connections(): number {
    return this.#connections
  }

  get openConnections(): number {
    return this.#open.size
  }

  /** Listens on this port of loopback. */
  async listen(port: number): Promise<void> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
    this.#listener = listener
  }

  /** New connections are refused; open ones stay. */
  refuse(): void {
    const listener = this.#listener
    if (listener === undefined) return
    this.#listener = undefined
    // 'close' waits for the open connections too, which stay: the port itself is free as soon as close() returns.
    listener.close()
  }

  /** The TCP socket below `socket`, which may be a TLS socket on top of it. */
  #below(socket: Socket): Socket {
    if (this.#open.has(socket)) return socket
    return [...this.#open].find((raw) => raw.remotePort === socket.remotePort) ?? socket
  }

  reset(socket: Socket): void {
    this.#below(socket).resetAndDestroy()
  }

  /** Destroys every open connection and resolves when all are gone. */
  async destroyAll(): Promise<void> {
    const gone = [...this.#open].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#open) socket.destroy()
    await Promise.all(gone)
  }

  #accept(socket: Socket): void {
    this.#connections += 1
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    // A client that resets its connection is none of our errors; an 'error' nobody listens to would end the process.
    socket.on('error', () => socket.destroy())
    if (!this.silent) this.#enter(socket)
  }
}
