/**
 * Holds one stream of the engine's events open for as long as the executor lives, and says when the engine goes away and
 * comes back. Events may be missed while it is away: whoever hears `back` looks at everything again.
 */
import type { Readable } from 'node:stream'
import type { ContainerEngine, EngineEvent } from './container-engine.ts'
import { wordsOf } from './engine-failure.ts'

export interface WatchParts {
  readonly engine: ContainerEngine
  readonly labels: Readonly<Record<string, string>>
  readonly event: (event: EngineEvent) => void
  /** The stream is open (again); it is read once this resolves. Rejecting means: away still. */
  readonly back: () => Promise<void>
  readonly away: (words: string) => void
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

interface WireEvent {
  readonly Action?: string
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> }
  readonly timeNano?: number
}

export class EngineWatch {
  readonly #parts: WatchParts
  readonly #signal: AbortSignal
  #here = false
  #waiting: (() => void)[] = []

  constructor(parts: WatchParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  get here(): boolean {
    return this.#here
  }

  start(): void {
    void this.#run()
  }

  /** Resolves when the engine answers, or when nobody watches any more. */
  untilHere(): Promise<void> {
    if (this.#here || this.#signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  async #run(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await this.#once()
        throw new Error('the container engine closed the connection')
      } catch (error) {
        if (this.#signal.aborted) break
        if (this.#here) pauseMs = FIRST_PAUSE_MS
        this.#here = false
        this.#parts.away(wordsOf(error))
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
    this.#wake()
  }

  async #once(): Promise<void> {
    const stream = await this.#parts.engine.events(this.#parts.labels, this.#signal)
    const lines = linesOf(stream)
    await this.#parts.back()
    this.#here = true
    this.#wake()
    for await (const line of lines) {
      const event = eventOf(line)
      if (event !== undefined) this.#parts.event(event)
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function eventOf(line: string): EngineEvent | undefined {
  if (line.trim() === '') return undefined
  const { Action, Actor } = JSON.parse(line) as WireEvent
  const { name, ...labels } = Actor?.Attributes ?? {}
  return Action === undefined || name === undefined ? undefined : { action: Action, name, labels }
}
