export interface PullLimits {
  /** For one pull in all, ms. */
  readonly timeoutMs: number
  /** Without a word from the registry, ms. */
  readonly silenceMs: number
}

/** Ends a pull that takes too long or says nothing. */
export class PullLimit {
  readonly #abort = new AbortController()
  readonly #silenceMs: number
  readonly #whole: NodeJS.Timeout
  #quiet: NodeJS.Timeout | undefined
  broken: string | undefined

  constructor({ timeoutMs, silenceMs }: PullLimits) {
    this.#silenceMs = silenceMs
    this.#whole = setTimeout(() => this.#break(`it took longer than ${timeoutMs} ms`), timeoutMs)
    this.heard()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  heard(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#break(`nothing was heard for ${this.#silenceMs} ms`), this.#silenceMs)
  }

  end(): void {
    clearTimeout(this.#whole)
    clearTimeout(this.#quiet)
  }

  #break(why: string): void {
    this.broken = why
    this.#abort.abort()
  }
}
