import { setTimeout as sleep } from 'node:timers/promises'
import { Unreachable } from './native-client.ts'

/** How long followers wait for a server that went away while they were following, ms. */
const PATIENCE_MS = 10 * 60_000
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 2_000

/**
 * Follows a stream over restarts of the server: opens it, again after each loss, until it ends by itself. `open` gets the
 * id of the last item, to resume behind it.
 */
export async function* persistently<Item extends { readonly id?: string }>(
  open: (lastId: string | undefined) => AsyncIterable<Item>,
  signal: AbortSignal,
  onAway: (away: boolean) => void,
): AsyncGenerator<Item> {
  let lastId: string | undefined
  let wait = FIRST_WAIT_MS
  let awaySince: number | undefined
  while (!signal.aborted) {
    try {
      for await (const item of open(lastId)) {
        if (awaySince !== undefined) onAway(false)
        awaySince = undefined
        wait = FIRST_WAIT_MS
        lastId = item.id ?? lastId
        yield item
      }
      return
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Unreachable)) throw error
      awaySince ??= performance.now()
      if (performance.now() - awaySince > PATIENCE_MS) throw error
      onAway(true)
      await sleep(wait, undefined, { signal }).catch(() => undefined)
      wait = Math.min(LONGEST_WAIT_MS, wait * 2)
    }
  }
}

/** A request that is worth repeating while the server is away. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const since = performance.now()
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof Unreachable) || signal.aborted || performance.now() - since > PATIENCE_MS) throw error
      await sleep(LONGEST_WAIT_MS / 4, undefined, { signal }).catch(() => undefined)
    }
  }
}
