import { connect, type Socket } from 'node:net'
import type { LogNotice } from '../../core/ports/log-store.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import type { CellObservation, FromCell, Hello, ToCell } from './protocol.ts'
import { PROTOCOL_VERSION } from './protocol.ts'
import { withSocketPath } from './socket-path.ts'

/** Undefined where the cell's directory has gone. */
function connectTo(path: string): Socket | undefined {
  try {
    return withSocketPath(path, (short) => connect(short))
  } catch {
    return undefined
  }
}

export interface CellLinkEvents {
  hello(link: CellLink, hello: Hello): void
  taken(attempts: readonly string[]): void
  seen(link: CellLink, observations: readonly CellObservation[]): void
  log(notice: LogNotice): void
  /** The connection ended, by whatever cause. */
  gone(link: CellLink): void
}

type Answer = Extract<FromCell, { say: 'answer' }>
type ExecMessage = Extract<FromCell, { say: 'execOutput' | 'execExit' }>

/** What holds over a broken connection. */
const LASTING: ReadonlySet<ToCell['do']> = new Set(['stop', 'ack', 'close', 'end', 'retire'])

/** The server's end of one cell's socket: messages of one turn of the event loop travel as one frame. */
export class CellLink {
  readonly cell: string
  readonly directory: string
  /** Attempts that run in it, as far as it said. */
  readonly running = new Set<string>()
  /** Of another version: gets no new work. */
  draining = false
  pid: number | undefined
  idleSince: number | undefined
  #socket: Socket | undefined
  #ready = false
  #queue: ToCell[] = []
  #calls = new Map<number, (answer: Answer | undefined) => void>()
  #sessions = new Map<number, (message: ExecMessage | undefined) => void>()
  #lastCall = 0
  readonly #events: CellLinkEvents

  constructor(cell: string, directory: string, events: CellLinkEvents) {
    this.cell = cell
    this.directory = directory
    this.#events = events
  }

  get ready(): boolean {
    return this.#ready
  }

  /** Resolves true once the cell has said hello, false when nobody listens. */
  open(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connectTo(`${this.directory}/socket`)
      if (socket === undefined) return resolve(false)
      const reader = new FrameReader()
      socket.once('error', () => resolve(false))
      socket.once('connect', () => {
        this.#socket = socket
        socket.write(encodeFrame([{ do: 'hello', protocol: PROTOCOL_VERSION }]))
      })
      socket.on('data', (piece: Buffer) => {
        for (const frame of reader.feed(piece)) for (const message of frame as FromCell[]) this.#hear(message, resolve)
      })
      socket.once('close', () => {
        resolve(false)
        if (this.#socket === socket) this.#lose()
      })
    })
  }

  send(message: ToCell): void {
    this.#queue.push(message)
    if (this.#queue.length === 1) setImmediate(() => this.#flush())
  }

  /** Asks and resolves with the answer; undefined when the connection ended first. */
  call(message: (call: number) => ToCell): Promise<Answer | undefined> {
    const number = ++this.#lastCall
    return new Promise((resolve) => {
      if (!this.#ready) return resolve(undefined)
      this.#calls.set(number, resolve)
      this.send(message(number))
    })
  }

  /** Hears all of one exec session; undefined once when the connection ended. Answers the session's number. */
  session(hear: (message: ExecMessage | undefined) => void): number {
    const number = ++this.#lastCall
    this.#sessions.set(number, hear)
    return number
  }

  /** Lets go of the cell, which goes on. */
  async detach(): Promise<void> {
    this.#flush()
    const socket = this.#socket
    this.#socket = undefined
    this.#ready = false
    if (socket === undefined) return
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      socket.end(() => socket.destroy())
    })
  }

  /** As a crash of the server would: nothing is flushed. */
  drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#queue = []
    this.#ready = false
    socket?.destroy()
  }

  #flush(): void {
    if (this.#queue.length === 0 || this.#socket === undefined) return
    this.#socket.write(encodeFrame(this.#queue))
    this.#queue = []
  }

  #hear(message: FromCell, opened: (ready: boolean) => void): void {
    switch (message.say) {
      case 'hello':
        this.#ready = true
        this.pid = message.pid
        this.draining = message.protocol !== PROTOCOL_VERSION
        this.#events.hello(this, message)
        // Said while the connection was down. A start is not among it: whoever asked for it asks again, perhaps elsewhere.
        this.#queue = this.#queue.filter((said) => LASTING.has(said.do))
        this.#flush()
        return opened(true)
      case 'taken':
        return this.#events.taken(message.attempts)
      case 'seen':
        return this.#events.seen(this, message.observations)
      case 'log':
        return this.#events.log(message.notice)
      case 'answer':
        this.#calls.get(message.call)?.(message)
        this.#calls.delete(message.call)
        return
      case 'execOutput':
      case 'execExit':
        this.#sessions.get(message.session)?.(message)
        if (message.say === 'execExit') this.#sessions.delete(message.session)
    }
  }

  #lose(): void {
    this.#socket = undefined
    this.#ready = false
    for (const resolve of this.#calls.values()) resolve(undefined)
    for (const hear of this.#sessions.values()) hear(undefined)
    this.#calls.clear()
    this.#sessions.clear()
    this.#events.gone(this)
  }
}
