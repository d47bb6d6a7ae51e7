/**
 * Follows the log of one container from its first line to its end.
 *
 * F1. Every message is taken once, however often the stream breaks: the engine is asked again from the second of the last
 *     message on, and per stream what was taken before is skipped by time, and by count among equal times.
 * F2. Within one stream times never go back; between the two they may.
 */
import type { LogSource } from '../../core/ports/log-store.ts'
import type { ContainerEngine } from './container-engine.ts'
import { statusOf } from './engine-failure.ts'
import { LogFrames, type LogMessage } from './log-frames.ts'

const NANOS_PER_SECOND = 1_000_000_000n
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000

interface Taken {
  nanos: bigint
  /** Messages at exactly that time. */
  count: number
}

export class LogFollower {
  /** Settles when the log is at its end, or the container is gone. Never rejects. */
  readonly done: Promise<void>
  readonly #engine: ContainerEngine
  readonly #name: string
  readonly #terminal: boolean
  readonly #take: (message: LogMessage) => void
  readonly #signal: AbortSignal
  readonly #taken: Record<LogSource, Taken> = { stdout: none(), stderr: none(), system: none() }

  constructor(
    engine: ContainerEngine,
    name: string,
    terminal: boolean,
    signal: AbortSignal,
    take: (message: LogMessage) => void,
  ) {
    this.#engine = engine
    this.#name = name
    this.#terminal = terminal
    this.#signal = signal
    this.#take = take
    this.done = this.#follow()
  }

  /** What came after the stream ended, once the container is dead: engines end it before the very last output is in. */
  async rest(): Promise<void> {
    await this.done
    if (this.#signal.aborted) return
    try {
      await this.#once()
    } catch (error) {
      if (!this.#signal.aborted && statusOf(error) !== 404) throw error
    }
  }

  async #follow(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await this.#once()
      } catch (error) {
        if (this.#signal.aborted || statusOf(error) === 404) return
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  async #once(): Promise<void> {
    const stream = await this.#engine.logs(this.#name, this.#since(), this.#signal)
    const frames = new LogFrames(this.#terminal)
    const again = { stdout: 0, stderr: 0, system: 0 }
    for await (const chunk of stream)
      for (const message of frames.cut(chunk as Buffer)) if (this.#isNew(message, again)) this.#take(message)
  }

  /** The earlier of the two streams' last times: the other one's repetitions are skipped. */
  #since(): number {
    const times = [this.#taken.stdout.nanos, this.#taken.stderr.nanos].filter((nanos) => nanos > 0n)
    if (times.length === 0) return 0
    const earliest = times.reduce((a, b) => (a < b ? a : b))
    return Number(earliest / NANOS_PER_SECOND)
  }

  /** `again` counts the messages of this request that have the time of the last one taken. */
  #isNew({ source, nanos }: LogMessage, again: Record<LogSource, number>): boolean {
    const taken = this.#taken[source]
    if (nanos < taken.nanos) return false
    if (nanos > taken.nanos) {
      taken.nanos = nanos
      taken.count = 1
      again[source] = 1
      return true
    }
    if (++again[source] <= taken.count) return false
    taken.count = again[source]
    return true
  }
}

const none = (): Taken => ({ nanos: 0n, count: 0 })
