/**
 * What allocations hold in the engine: a workspace volume, volumes of their own, a network of their own where a step asks
 * for one or has others beside it. Everything carries the allocation's label; `close` removes by label, so nothing needs to be remembered.
 */
import type { AllocationId, Tenant } from '../../core/identity.ts'
import type { Work } from '../../core/ports/executor.ts'
import type { ContainerEngine } from './container-engine.ts'
import { type ContainerNames, LABEL } from './container-names.ts'
import { statusOf } from './engine-failure.ts'
import { volumesOf } from './mounts.ts'

export interface PlaceNetwork {
  /** As HostConfig.NetworkMode has it. */
  readonly name: string
  /** The allocation's own: containers find each other in it by name. */
  readonly own: boolean
}

/** Containers on the shared network reach out, not each other (Docker bridge driver option). */
const APART = { 'com.docker.network.bridge.enable_icc': 'false' }
const REMOVE_TRIES = 50
const REMOVE_PAUSE_MS = 100

export class Places {
  readonly #engine: ContainerEngine
  readonly #names: ContainerNames
  readonly #made = new Map<string, Promise<void>>()
  readonly #byAllocation = new Map<AllocationId, Set<string>>()
  #shared: Promise<PlaceNetwork> | undefined
  #gateway: Promise<string> | undefined

  constructor(engine: ContainerEngine, names: ContainerNames) {
    this.#engine = engine
    this.#names = names
  }

  /** The network that the step wants, made if need be. */
  async network(work: Work): Promise<PlaceNetwork> {
    const mode = work.run.network?.mode
    if (mode === 'host' || mode === 'none') return { name: mode, own: false }
    if (mode === undefined && work.hasCompanions !== true) return this.#sharedNetwork()
    const { allocation } = work.place
    const name = this.#names.networkOf(allocation)
    await this.#once(allocation, `network ${name}`, () =>
      this.#engine.createNetwork(name, this.#names.labelsOf(allocation), {}),
    )
    return { name, own: true }
  }

  /** This machine's address on the network that allocations share. */
  gateway(): Promise<string> {
    this.#gateway ??= this.#sharedNetwork()
      .then(({ name }) => this.#engine.gatewayOf(name))
      .catch((error: unknown) => {
        this.#gateway = undefined
        throw error
      })
    return this.#gateway
  }

  /** Makes the volumes that the step mounts, with the labels by which they are removed. */
  async volumes(work: Work): Promise<void> {
    const { allocation } = work.place
    const made = [...volumesOf(work, this.#names)].map(([name, labels]) =>
      this.#once(allocation, `volume ${name}`, () => this.#engine.createVolume(name, labels)),
    )
    await Promise.all(made)
  }

  /** Removes containers, networks and volumes of the allocation; rejects when something stays. */
  async close(allocation: AllocationId): Promise<void> {
    for (const key of this.#byAllocation.get(allocation) ?? []) this.#made.delete(key)
    this.#byAllocation.delete(allocation)
    await this.#removeAll(this.#names.labelsOf(allocation))
  }

  /** Volumes that steps of this tenant shared under this name, and those below it. Rejects while a container has one. */
  async removeShared(tenant: Tenant, source: string): Promise<void> {
    const shared = await this.#engine.labelledVolumes(this.#names.labelsOfShared(tenant))
    const doomed = shared.filter(({ labels }) => {
      const name = labels[LABEL.volume]
      return name === source || name?.startsWith(`${source}/`)
    })
    for (const { name } of doomed) {
      this.#made.delete(`volume ${name}`)
      await this.#persist(() => this.#engine.removeVolume(name))
    }
  }

  /** Everything that any allocation holds, and what they share; volumes of tenants stay. */
  async closeAll(): Promise<void> {
    const labels = { [LABEL.instance]: this.#names.instance }
    const containers = await this.#engine.list(labels)
    await Promise.all(containers.map(({ Id }) => this.#engine.remove(Id)))
    for (const network of await this.#engine.networks(labels))
      await this.#persist(() => this.#engine.removeNetwork(network))
    for (const volume of await this.#engine.volumes(labels))
      if (!this.#names.isTenantVolume(volume)) await this.#persist(() => this.#engine.removeVolume(volume))
    this.distrust()
  }

  /** Forgets what is thought to exist: the engine may have come back as another. */
  distrust(): void {
    this.#made.clear()
    this.#byAllocation.clear()
    this.#shared = undefined
    this.#gateway = undefined
  }

  async #removeAll(labels: Readonly<Record<string, string>>): Promise<void> {
    const [containers, networks, volumes] = await Promise.all([
      this.#engine.list(labels),
      this.#engine.networks(labels),
      this.#engine.volumes(labels),
    ])
    await Promise.all(containers.map(({ Id }) => this.#engine.remove(Id)))
    await Promise.all([
      ...networks.map((name) => this.#persist(() => this.#engine.removeNetwork(name))),
      ...volumes.map((name) => this.#persist(() => this.#engine.removeVolume(name))),
    ])
  }

  /** A network or volume is in use until the engine has let go of its last container. */
  async #persist(remove: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await remove()
      } catch (error) {
        if (tries === REMOVE_TRIES || ![403, 409, 500].includes(statusOf(error) ?? 0)) throw error
        await new Promise((resolve) => setTimeout(resolve, REMOVE_PAUSE_MS))
      }
    }
  }

  #sharedNetwork(): Promise<PlaceNetwork> {
    this.#shared ??= this.#makeShared().catch((error: unknown) => {
      this.#shared = undefined
      throw error
    })
    return this.#shared
  }

  async #makeShared(): Promise<PlaceNetwork> {
    const name = this.#names.sharedNetwork
    const labels = { [LABEL.instance]: this.#names.instance }
    if ((await this.#engine.networks(labels)).includes(name)) return { name, own: false }
    await this.#engine.createNetwork(name, labels, APART)
    return { name, own: false }
  }

  #once(allocation: AllocationId, key: string, make: () => Promise<void>): Promise<void> {
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const made = make().catch((error: unknown) => {
      this.#made.delete(key)
      throw error
    })
    this.#made.set(key, made)
    const keys = this.#byAllocation.get(allocation) ?? new Set()
    this.#byAllocation.set(allocation, keys.add(key))
    return made
  }
}
