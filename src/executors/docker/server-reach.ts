/** How containers reach the server that runs them: not at its own address, which inside a container is the container's. */
import type { Work } from '../../core/ports/executor.ts'
import type { PlaceNetwork, Places } from './places.ts'

/** What the server offers to containers. */
export interface ServerOffer {
  /** Where programs of the machine are told that it is: `http://127.0.0.1:7400`; empty while it does not listen. */
  readonly url: () => string
  /** Offers what tasks may ask at an address of this machine; answers the URL there, undefined where it cannot. */
  offer(address: string): Promise<string | undefined>
}

export class ServerReach {
  readonly #places: Places
  readonly #server: ServerOffer | undefined

  constructor(places: Places, server: ServerOffer | undefined) {
    this.#places = places
    this.#server = server
  }

  /** For containers that run already: what they were told before answers again. */
  async reopen(): Promise<void> {
    if (this.#server !== undefined) await this.#server.offer(await this.#places.gateway())
  }

  /**
   * The step with the server's address replaced wherever a variable begins with it. The shared network's gateway will do
   * for all bridges: it is this machine, which every bridge reaches. With an engine elsewhere it is not, and all stays.
   */
  async told(work: Work, network: PlaceNetwork): Promise<Work> {
    const url = this.#server?.url() ?? ''
    const concerned = Object.values(work.env).some((value) => isBelow(value, url))
    if (url === '' || !concerned || network.name === 'host' || network.name === 'none') return work
    const door = await this.#server!.offer(await this.#places.gateway())
    if (door === undefined) return work
    const env = Object.entries(work.env).map(([name, value]) => [
      name,
      isBelow(value, url) ? door + value.slice(url.length) : value,
    ])
    return { ...work, env: Object.fromEntries(env) as Work['env'] }
  }
}

const isBelow = (value: string, url: string): boolean => value === url || value.startsWith(`${url}/`)
