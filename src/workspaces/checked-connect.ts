import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { type AddressRule, publicAddresses } from '../core/public-address.ts'

/** The address is not public and not among those that the operator allows. */
export class AddressRefused extends Error {
  constructor(host: string, address: string) {
    const name = address === host ? address : `${host} (${address})`
    super(`${name} is not a public address and not among those that the operator allows (--allow-address)`)
    this.name = 'AddressRefused'
  }
}

const CONNECT_LIMIT_MS = 30_000

/** Connections of a git that a user chose the address for: it must not become a way into the machine's own network. */
export class CheckedConnect {
  readonly #mayReach: AddressRule

  /** `allowed`: CIDRs that may be reached although they are not public. */
  constructor(allowed: readonly string[]) {
    this.#mayReach = publicAddresses(allowed)
  }

  /** An address that was checked, so that the name cannot point elsewhere a moment later. Throws AddressRefused. */
  async address(host: string): Promise<string> {
    const found = await lookup(host.replace(/^\[|\]$/g, ''), { all: true })
    const open = found.find(({ address }) => this.#mayReach(address))
    if (!open) throw new AddressRefused(host, found[0]?.address ?? host)
    return open.address
  }

  /** Rejects with AddressRefused, and when there is no connection in time. */
  async open(host: string, port: number): Promise<Socket> {
    const socket = connect({ host: await this.address(host), port, timeout: CONNECT_LIMIT_MS })
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(socket.setTimeout(0)))
      socket.once('timeout', () => socket.destroy(new Error(`${host}:${port} does not answer`)))
      socket.once('error', reject)
    })
  }
}
