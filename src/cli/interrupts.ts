/** A terminal's Ctrl-C reaches a command twice when it was started through another Node, ms. */
const SAME_PRESS_MS = 300

/** Counts Ctrl-C (and SIGTERM) instead of dying of it; `stop` gives them their usual meaning back. */
export class Interrupts {
  readonly #onInterrupt: (count: number) => void
  #count = 0
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(onInterrupt: (count: number) => void) {
    this.#onInterrupt = onInterrupt
    process.on('SIGINT', this.#handle)
    process.on('SIGTERM', this.#handle)
  }

  stop(): void {
    process.off('SIGINT', this.#handle)
    process.off('SIGTERM', this.#handle)
  }

  readonly #handle = (): void => {
    const now = performance.now()
    if (now - this.#lastAt < SAME_PRESS_MS) return
    this.#lastAt = now
    this.#count += 1
    this.#onInterrupt(this.#count)
  }
}
