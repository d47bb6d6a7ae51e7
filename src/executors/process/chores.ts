/** Work that nobody waits for now, but whoever ends does. What goes wrong in it is told, not thrown. */
export class Chores {
  readonly #open = new Set<Promise<unknown>>()
  readonly #onProblem: (error: unknown) => void

  constructor(onProblem: (error: unknown) => void) {
    this.#onProblem = onProblem
  }

  add(chore: Promise<unknown>): void {
    const settled = chore.catch(this.#onProblem).finally(() => this.#open.delete(settled))
    this.#open.add(settled)
  }

  /** Also of those that chores add. */
  async done(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open)
  }
}
