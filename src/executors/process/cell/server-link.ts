import { unlinkSync } from 'node:fs'
import { encodeFrame, FrameReader } from '../frames.ts'
import type { FromCell, ToCell } from '../protocol.ts'
import { withSocketPath } from '../socket-path.ts'
import type { Reactor, Ready } from './reactor.ts'
import { E, EPOLLIN, EPOLLOUT, errno, listenUnix, O_CLOEXEC, O_NONBLOCK, sys } from './syscalls.ts'

const chunk = Buffer.allocUnsafeSlow(256 * 1024)

/** The cell's end of the protocol: one server at a time (C1), one frame per round. */
export class ServerLink implements Ready {
  readonly #reactor: Reactor
  readonly #handle: (messages: readonly ToCell[]) => void
  readonly #listener: number
  #fd = -1
  #reader = new FrameReader()
  #messages: FromCell[] = []
  #unsent: Buffer[] = []
  #waitsForRoom = false

  constructor(reactor: Reactor, path: string, handle: (messages: readonly ToCell[]) => void) {
    this.#reactor = reactor
    this.#handle = handle
    try {
      unlinkSync(path)
    } catch {
      // Nothing there: the usual case.
    }
    this.#listener = withSocketPath(path, listenUnix)
    reactor.watch(this.#listener, this)
  }

  get connected(): boolean {
    return this.#fd >= 0
  }

  /** Sent with the round's frame; dropped when no server is there, which asks again when it comes (C2). */
  say(message: FromCell): void {
    if (this.#fd >= 0) this.#messages.push(message)
  }

  ready(fd: number, events: number): void {
    if (fd === this.#listener) this.#accept()
    else if ((events & EPOLLOUT) !== 0) this.#send()
    else this.#receive()
  }

  /** Puts the round's messages on the wire. */
  flush(): void {
    if (this.#messages.length === 0) return
    const idle = this.#unsent.length === 0
    this.#unsent.push(encodeFrame(this.#messages))
    this.#messages = []
    if (idle) this.#send()
  }

  #accept(): void {
    const fd = sys.accept4(this.#listener, null, null, O_NONBLOCK | O_CLOEXEC)
    if (fd < 0) return
    this.#drop()
    this.#fd = fd
    this.#reactor.watch(fd, this)
  }

  #receive(): void {
    const count = sys.read(this.#fd, chunk, chunk.length)
    if (count < 0 && (errno() === E.EAGAIN || errno() === E.EINTR)) return
    if (count <= 0) return this.#drop()
    // A frame may outlive this round: the reader gets a copy.
    for (const frame of this.#reader.feed(Buffer.from(chunk.subarray(0, count)))) this.#handle(frame as ToCell[])
  }

  #send(): void {
    while (this.#unsent.length > 0) {
      const piece = this.#unsent[0]!
      const count = sys.write(this.#fd, piece, piece.length)
      if (count < 0 && errno() === E.EAGAIN) return this.#waitForRoom(true)
      if (count < 0) return this.#drop()
      if (count === piece.length) this.#unsent.shift()
      else this.#unsent[0] = piece.subarray(count)
    }
    this.#waitForRoom(false)
  }

  #waitForRoom(wait: boolean): void {
    if (wait !== this.#waitsForRoom) this.#reactor.change(this.#fd, wait ? EPOLLIN | EPOLLOUT : EPOLLIN)
    this.#waitsForRoom = wait
  }

  #drop(): void {
    if (this.#fd < 0) return
    this.#reactor.forget(this.#fd)
    sys.close(this.#fd)
    this.#fd = -1
    this.#reader = new FrameReader()
    this.#messages = []
    this.#unsent = []
    this.#waitsForRoom = false
  }
}
