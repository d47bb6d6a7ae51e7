import { setTimeout as sleep } from 'node:timers/promises'
import { Interrupts } from './interrupts.ts'
import type { NativeClient } from './native-client.ts'
import type { Output } from './output.ts'
import { persistently } from './persistence.ts'

const HOME_AND_CLEAR = '\u001b[H\u001b[2J'
/** Changes within this are shown at once, ms. */
const PAUSE_MS = 200

/**
 * Shows something now and after each change of any execution, until Ctrl-C. `show` resolves with the cursor that what it
 * showed corresponds to. On a terminal it replaces what was shown.
 */
export async function watchAll(client: NativeClient, output: Output, show: () => Promise<string>): Promise<void> {
  const watching = new AbortController()
  const interrupts = new Interrupts(() => watching.abort())
  const again = (): Promise<string> => {
    if (process.stdout.isTTY && output.format !== 'json') output.text(HOME_AND_CLEAR)
    return show()
  }
  try {
    const cursor = await again()
    let isDue = false
    const open = (lastId: string | undefined) =>
      client.stream('listEvents', { query: { after: lastId ?? cursor } }, watching.signal)
    for await (const _ of persistently(open, watching.signal, () => undefined)) {
      if (isDue) continue
      isDue = true
      void sleep(PAUSE_MS, undefined, { signal: watching.signal })
        .then(() => {
          isDue = false
          return again()
        })
        // The stream itself notices when the server is away; the next change shows what this one could not.
        .catch(() => undefined)
    }
  } finally {
    interrupts.stop()
  }
}
