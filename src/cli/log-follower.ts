import type { Execution, LogLine, Operations } from './native-api.gen.ts'
import type { NativeClient } from './native-client.ts'
import { persistently } from './persistence.ts'

export type LogQuery = Operations['getStepLog']['query']

/** A line, the step that wrote it, and whether lines before it are gone. */
export interface StepLine extends LogLine {
  readonly step: string
}

export type LineSink = (line: StepLine) => Promise<void>

/**
 * Follows the logs of all steps of an execution at once, also of steps that are appended while it runs. Told of each
 * state of the execution by `seen`; `done` resolves when every followed log has ended.
 */
export class LogFollower {
  readonly #client: NativeClient
  readonly #id: string
  readonly #query: LogQuery
  readonly #sink: LineSink
  readonly #signal: AbortSignal
  readonly #steps = new Map<string, Promise<void>>()

  constructor(client: NativeClient, id: string, query: LogQuery, sink: LineSink, signal: AbortSignal) {
    this.#client = client
    this.#id = id
    this.#query = query
    this.#sink = sink
    this.#signal = signal
  }

  seen(execution: Execution, only?: string): void {
    for (const step of execution.steps) {
      if (step.kind !== 'run' || this.#steps.has(step.name) || (only !== undefined && step.name !== only)) continue
      this.#steps.set(step.name, this.#follow(step.name))
    }
  }

  async done(): Promise<void> {
    await Promise.all(this.#steps.values())
  }

  async #follow(step: string): Promise<void> {
    const path = { id: this.#id, step }
    const open = (lastId: string | undefined) =>
      this.#client.stream(
        'getStepLog',
        { path, query: this.#query, ...(lastId !== undefined && { headers: { 'last-event-id': lastId } }) },
        this.#signal,
      )
    for await (const event of persistently(open, this.#signal, () => undefined)) {
      if (event.event === 'end') return
      if (event.event === 'line') await this.#sink({ ...(JSON.parse(event.data) as LogLine), step })
    }
  }
}
