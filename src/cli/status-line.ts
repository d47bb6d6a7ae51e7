import type { Output } from './output.ts'

const CLEAR = '\r\u001b[2K'

/** One line at the bottom of a terminal that says what is being waited for; nothing where stderr is no terminal. */
export class StatusLine {
  readonly visible: boolean
  readonly #output: Output
  #text: string | undefined
  #isDrawn = false
  #lastNote: string | undefined

  constructor(output: Output) {
    this.#output = output
    this.visible = output.isTerminal && output.format !== 'json'
  }

  set(text: string | undefined): void {
    if (text === this.#text) return
    this.#erase()
    this.#text = text
    this.#draw()
  }

  /** A line that stays; the same one twice in a row is said once. */
  note(text: string): void {
    if (text === this.#lastNote) return
    this.#lastNote = text
    this.#erase()
    this.#output.note(this.#output.paintNote('yellow', `taskport: ${text}`))
    this.#draw()
  }

  /** Lets something else be written above it. */
  async around(write: () => Promise<void>): Promise<void> {
    this.#erase()
    await write()
    this.#draw()
  }

  clear(): void {
    this.set(undefined)
  }

  #erase(): void {
    if (this.#isDrawn) process.stderr.write(CLEAR)
    this.#isDrawn = false
  }

  #draw(): void {
    if (!this.visible || this.#isDrawn || this.#text === undefined) return
    const room = Math.max(20, (process.stderr.columns || 80) - 1)
    process.stderr.write(this.#output.paintNote('dim', this.#text.slice(0, room)))
    this.#isDrawn = true
  }
}
