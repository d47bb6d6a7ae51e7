/** What absolute links begin with: the public URL if one is set, else the request's Host where it is ours. */
export class Links {
  readonly #publicUrl: string | undefined
  readonly #listening: () => string
  readonly #hosts: ReadonlySet<string>

  /** `hosts`: further names (without port) that are ours. `listening`: `http://address:port` as bound. */
  constructor(options: { publicUrl?: string; listening: () => string; hosts?: readonly string[] }) {
    this.#publicUrl = options.publicUrl?.replace(/\/+$/, '')
    this.#listening = options.listening
    this.#hosts = new Set(options.hosts?.map((host) => host.toLowerCase()))
  }

  /** Without a request, or where its Host is a stranger's (a forged Host must not reach a link). */
  base(host?: string): string {
    if (this.#publicUrl !== undefined) return this.#publicUrl
    const listening = this.#listening()
    return host !== undefined && this.#isOurs(host, listening) ? `http://${host}` : listening
  }

  #isOurs(host: string, listening: string): boolean {
    const parsed = URL.parse(`http://${host}`)
    if (parsed === null || parsed.host !== host.toLowerCase().replace(/:80$/, '')) return false
    const bound = new URL(listening)
    if (this.#hosts.has(parsed.hostname)) return true
    if (parsed.hostname !== bound.hostname && !isLoopback(parsed.hostname)) return false
    return parsed.port === bound.port
  }
}

export const isLoopback = (address: string): boolean =>
  address === 'localhost' ||
  address === '::1' ||
  address === '[::1]' ||
  /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address) ||
  address.endsWith('.localhost')
