/** Token buckets by key (an address, a credential). Holds at most `keys` of them and forgets the longest unused. */
export class RateLimit {
  readonly #perSecond: number
  readonly #burst: number
  readonly #keys: number
  readonly #now: () => number
  readonly #buckets = new Map<string, { tokens: number; at: number }>()

  /** `now` in ms. */
  constructor(options: { perSecond: number; burst: number; keys?: number; now?: () => number }) {
    this.#perSecond = options.perSecond
    this.#burst = options.burst
    this.#keys = options.keys ?? 10_000
    this.#now = options.now ?? (() => performance.now())
  }

  /** Takes one token. 0: granted; else how long to wait for one, ms. */
  take(key: string): number {
    const now = this.#now()
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1_000) * this.#perSecond)
    bucket.at = now
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > this.#keys) this.#forgetOldest()
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / this.#perSecond) * 1_000)
    bucket.tokens -= 1
    return 0
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}
