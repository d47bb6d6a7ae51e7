import type { Progress } from '../../core/execution.ts'

interface PullMessage {
  readonly id?: string
  readonly status?: string
  readonly error?: string
  readonly progressDetail?: { readonly current?: number; readonly total?: number }
}

/** No more than one word of progress in this time, ms. */
const PACE_MS = 500

/** Makes one number of what an engine says about the layers of a pull. */
export class PullProgress {
  readonly #tell: (progress: Progress) => void
  readonly #layers = new Map<string, { readonly current: number; readonly total: number }>()
  #toldAt = 0

  constructor(tell: (progress: Progress) => void) {
    this.#tell = tell
  }

  /** One line of the stream. Answers the engine's words when it says that the pull failed. */
  hear(line: string): string | undefined {
    if (line.trim() === '') return undefined
    const message = JSON.parse(line) as PullMessage
    if (message.error !== undefined) return message.error
    const { current, total } = message.progressDetail ?? {}
    if (message.id !== undefined && current !== undefined && total !== undefined && message.status === 'Downloading')
      this.#layers.set(message.id, { current, total })
    const layer = this.#layers.get(message.id ?? '')
    if (layer !== undefined && message.status === 'Pull complete')
      this.#layers.set(message.id!, { ...layer, current: layer.total })
    this.#tellSometimes(message.status)
    return undefined
  }

  #tellSometimes(status: string | undefined): void {
    const at = Date.now()
    if (at - this.#toldAt < PACE_MS) return
    this.#toldAt = at
    const percent = this.#percent()
    this.#tell({
      at,
      message: `pulling the image${status === undefined ? '' : `: ${status}`}`,
      ...(percent !== undefined && { percent }),
    })
  }

  #percent(): number | undefined {
    let current = 0
    let total = 0
    for (const layer of this.#layers.values()) {
      current += layer.current
      total += layer.total
    }
    return total === 0 ? undefined : Math.min(100, Math.floor((100 * current) / total))
  }
}
