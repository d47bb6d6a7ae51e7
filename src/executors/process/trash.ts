import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const SOON_MS = 250

/** Directories that cells have moved aside: deleting may take long, and a cell has no time. One sweep at a time. */
export class Trash {
  readonly #directory: string
  readonly #later: (chore: Promise<unknown>) => void
  #emptying = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `later` is told of every sweep. */
  constructor(directory: string, later: (chore: Promise<unknown>) => void) {
    this.#directory = directory
    this.#later = later
  }

  empty(): void {
    if (this.#emptying) return this.emptySoon()
    this.#emptying = true
    const done = (): void => {
      this.#emptying = false
    }
    this.#later(this.#sweep().finally(done))
  }

  /** Looking after each task would cost more than most of them leave. */
  emptySoon(): void {
    if (this.#closed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.empty()
    }, SOON_MS)
    this.#timer.unref()
  }

  /** No more sweeps by themselves: what is left is the next server's. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#directory))
      await rm(join(this.#directory, name), { recursive: true, force: true, maxRetries: 2 })
  }
}
