import { join } from 'node:path'
import type { AllocationId } from '../../../core/identity.ts'
import type { Work } from '../../../core/ports/executor.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import type { CellConfig } from '../protocol.ts'
import { type Membership, PrivateNetwork } from './private-network.ts'
import type { Reactor } from './reactor.ts'

const LOOPBACK = '127.0.0.1'

/** The private networks of one cell: made for the first step that asks, ended with their allocation. */
export class Networks {
  readonly #config: CellConfig
  readonly #reactor: Reactor
  readonly #roots: Set<number>
  readonly #devNull: number
  readonly #open = new Map<AllocationId, PrivateNetwork>()
  #made = 0

  constructor(config: CellConfig, reactor: Reactor, roots: Set<number>, devNull: number) {
    this.#config = config
    this.#reactor = reactor
    this.#roots = roots
    this.#devNull = devNull
  }

  /** Allocations whose network is here. */
  allocations(): readonly AllocationId[] {
    return [...this.#open.keys()]
  }

  join(attempt: string, work: Work, offers: readonly number[]): Membership | { readonly refusal: Reason } {
    const { host } = this.#config
    if (host.network === undefined)
      return {
        refusal: reason(
          'resource_unavailable',
          'private networks need bubblewrap and pasta (package passt), which do not work here',
        ),
      }
    const { allocation } = work.place
    const known = this.#open.get(allocation)
    const network = known ?? this.#make(offers)
    const membership = network.join(attempt, work)
    if (known === undefined && 'refusal' in membership) network.end()
    else this.#open.set(allocation, network)
    return membership
  }

  close(allocation: AllocationId): void {
    this.#open.get(allocation)?.end()
    this.#open.delete(allocation)
  }

  closeAll(): void {
    for (const allocation of this.allocations()) this.close(allocation)
  }

  #make(offers: readonly number[]): PrivateNetwork {
    const { host, cell, allocations, sandbox } = this.#config
    const directory = join(allocations, '..', 'networks', `${cell}-${this.#made++}`)
    return new PrivateNetwork({
      host,
      cell,
      reactor: this.#reactor,
      roots: this.#roots,
      devNull: this.#devNull,
      directory,
      publishAddress: sandbox.publishAddress ?? LOOPBACK,
      offers,
    })
  }
}
