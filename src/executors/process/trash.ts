import { emptyDirectory } from './empty-directory.ts'

/** How long trash may lie before it is emptied, ms: deleting is not worth a look after each task. */
const SOON_MS = 250

/** Directories that cells only moved aside: deleting may take long, and a cell has no time. Emptied one round at a time. */
export class Trash {
  readonly #directory: string
  /** Work that nobody waits for now, but the executor's end does. */
  readonly #later: (chore: Promise<unknown>) => void
  #emptying = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(directory: string, later: (chore: Promise<unknown>) => void) {
    this.#directory = directory
    this.#later = later
  }

  emptySoon(): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.empty()
    }, SOON_MS).unref()
  }

  empty(): void {
    if (this.#emptying) return this.emptySoon()
    this.#emptying = true
    this.#later(
      emptyDirectory(this.#directory).finally(() => {
        this.#emptying = false
      }),
    )
  }

  /** Leaves what lies there to the next server. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
