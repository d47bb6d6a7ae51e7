import { EPOLLIN, errno, O_CLOEXEC, sys } from './syscalls.ts'
import { TimerHeap } from './timer-heap.ts'

/**
 * A cell's loop: epoll and timers, synchronous, on the main thread, without libuv.
 * R1. A handler is called at most once per round and descriptor, and never for one it has forgotten.
 * R2. Time is monotonic: steps of the wall clock move no timer.
 */
export interface Ready {
  ready(fd: number, events: number): void
}

const MAX_EVENTS = 512
/** struct epoll_event is packed on x86-64 only (epoll_ctl(2)). */
const SIZE = process.arch === 'x64' ? 12 : 16
const DATA = process.arch === 'x64' ? 4 : 8
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLL_CTL_MOD = 3

export const monotonicMs = (): number => performance.now()

export class Reactor {
  readonly timers = new TimerHeap()
  readonly #epoll = sys.epollCreate(O_CLOEXEC)
  readonly #handlers: (Ready | undefined)[] = []
  readonly #events = new Uint8Array(MAX_EVENTS * SIZE)
  readonly #view = new DataView(this.#events.buffer)
  readonly #event = new Uint8Array(SIZE)
  readonly #eventView = new DataView(this.#event.buffer)

  watch(fd: number, handler: Ready, events = EPOLLIN): void {
    this.#handlers[fd] = handler
    this.#control(EPOLL_CTL_ADD, fd, events)
  }

  change(fd: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, fd, events)
  }

  /** Stops watching. Needed before `close`: a copy of the descriptor elsewhere would keep it in the set (epoll(7)). */
  forget(fd: number): void {
    this.#handlers[fd] = undefined
    this.#control(EPOLL_CTL_DEL, fd, 0)
  }

  /** Waits for something to happen, at most until the next timer, not at all when there is other work; handles it. */
  round(busy: boolean): void {
    const wait = busy ? 0 : this.timers.nextAt() - monotonicMs()
    const timeout = wait === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.min(Math.ceil(wait), 60_000))
    const count = sys.epollWait(this.#epoll, this.#events, MAX_EVENTS, timeout)
    for (let i = 0; i < count; i++) {
      const fd = this.#view.getInt32(i * SIZE + DATA, true)
      const events = this.#view.getUint32(i * SIZE, true)
      this.guard(() => this.#handlers[fd]?.ready(fd, events))
    }
    this.guard(() => this.timers.ring(monotonicMs()))
  }

  /** R3. A mistake in handling one thing must not end a process that holds a thousand others. */
  guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      process.stderr.write(`${new Date().toISOString()} ${error instanceof Error ? error.stack : String(error)}\n`)
    }
  }

  #control(operation: number, fd: number, events: number): void {
    this.#eventView.setUint32(0, events, true)
    this.#eventView.setInt32(DATA, fd, true)
    const answer = sys.epollCtl(this.#epoll, operation, fd, this.#event)
    if (answer < 0 && operation !== EPOLL_CTL_DEL) throw new Error(`epoll_ctl ${operation} on ${fd}: errno ${errno()}`)
  }
}
