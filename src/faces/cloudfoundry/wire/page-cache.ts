/**
 * Pages as they were last answered, for those who ask again and again while nothing happens.
 *
 * P1. A page is good as long as no event was committed since before it was read (`at`, the engine's cursor), and nothing
 *     of it was changed without one (`forget`).
 * P2. Its key says everything else that it depends on.
 */
export class PageCache {
  readonly #pages = new Map<string, { readonly at: string; readonly text: string }>()

  async read(key: string, at: string, make: () => Promise<object>): Promise<string> {
    const known = this.#pages.get(key)
    if (known?.at === at) return known.text
    const text = JSON.stringify(await make())
    this.#pages.delete(key)
    if (text.length <= LONGEST) this.#pages.set(key, { at, text })
    if (this.#pages.size > MOST) this.#pages.delete(this.#pages.keys().next().value as string)
    return text
  }

  forget(): void {
    this.#pages.clear()
  }
}

const MOST = 50
const LONGEST = 500_000
