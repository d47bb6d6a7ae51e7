import type { Execution } from './native-api.gen.ts'
import type { NativeClient } from './native-client.ts'
import { patiently, persistently } from './persistence.ts'

const FINAL_STATES: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'lost'])
export const isFinalState = (state: string): boolean => FINAL_STATES.has(state)
export const isFinal = (execution: Execution): boolean => isFinalState(execution.state)

/**
 * The execution now and after each change, until it is final: list its events, then watch from there, so that no change
 * is missed. Many changes at once may come as one. Outlives restarts of the server.
 */
export async function* followExecution(
  client: NativeClient,
  id: string,
  signal: AbortSignal,
  onAway: (away: boolean) => void = () => undefined,
): AsyncGenerator<Execution> {
  const ask = (): Promise<Execution> => patiently(() => client.call('getExecution', { path: { id } }), signal)
  const changes = new Changes()
  const watching = new AbortController()
  const stop = AbortSignal.any([signal, watching.signal])
  const cursor = await lastCursor(client, id)
  const watch = watchChanges(client, id, cursor, stop, onAway, changes)
  try {
    for (;;) {
      const execution = await ask()
      yield execution
      if (isFinal(execution) || !(await changes.next(signal))) return
    }
  } finally {
    watching.abort()
    await watch.catch(() => undefined)
  }
}

async function lastCursor(client: NativeClient, id: string): Promise<string> {
  let after: string | undefined
  for (;;) {
    const page = await client.call('listExecutionEvents', { path: { id }, query: { after, limit: 1_000 } })
    if (page.items.length < 1_000) return page.cursor
    after = page.cursor
  }
}

async function watchChanges(
  client: NativeClient,
  id: string,
  cursor: string,
  signal: AbortSignal,
  onAway: (away: boolean) => void,
  changes: Changes,
): Promise<void> {
  const open = (lastId: string | undefined) =>
    client.stream('listExecutionEvents', { path: { id }, query: { after: lastId ?? cursor } }, signal)
  try {
    for await (const _ of persistently(open, signal, onAway)) changes.mark()
    changes.end()
  } catch (error) {
    changes.fail(error)
  }
}

/** A flag that is raised any number of times and taken down by one reader. */
class Changes {
  #raised = false
  #ended = false
  #error: unknown
  #wake: () => void = () => undefined

  mark(): void {
    this.#raised = true
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  fail(error: unknown): void {
    this.#error = error
    this.end()
  }

  /** Resolves true at the next change; false when none will come. */
  async next(signal: AbortSignal): Promise<boolean> {
    if (!this.#raised && !this.#ended && !signal.aborted) await this.#sleep(signal)
    if (this.#error !== undefined && !this.#raised) throw this.#error
    const raised = this.#raised
    this.#raised = false
    return raised && !signal.aborted
  }

  #sleep(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
