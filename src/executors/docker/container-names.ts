import { createHash } from 'node:crypto'
import type { AllocationId, AttemptId, Tenant } from '../../core/identity.ts'

/**
 * Names and labels by which everything is found again. Names derive from ids, so a crash between creating and noting
 * down cannot make a second one: the engine refuses a name that exists.
 */
export class ContainerNames {
  /** Which data directory it belongs to: several servers may share an engine. */
  readonly instance: string

  constructor(instance: string) {
    this.instance = instance
  }

  get sharedNetwork(): string {
    return `taskport-${this.instance}`
  }

  containerOf(attempt: AttemptId): string {
    return this.#name(attempt)
  }

  networkOf(allocation: AllocationId): string {
    return this.#name(allocation)
  }

  workspaceOf(allocation: AllocationId): string {
    return this.#name(`${allocation}.workspace`)
  }

  /** A directory that the steps of one allocation share under a key. */
  sharedOf(allocation: AllocationId, key: string): string {
    return this.#name(`${allocation}.${digestOf(key)}`)
  }

  /** A volume that outlives allocations. Two tenants never meet in one. */
  volumeOf(tenant: Tenant, name: string): string {
    return `taskport-${this.instance}-volume-${digestOf(`${tenant}\0${name}`)}`
  }

  isTenantVolume(name: string): boolean {
    return name.startsWith(`taskport-${this.instance}-volume-`)
  }

  /** On everything that belongs to an allocation. */
  labelsOf(allocation: AllocationId): Record<string, string> {
    return { [LABEL.instance]: this.instance, [LABEL.allocation]: allocation }
  }

  /** On a volume that outlives allocations. */
  labelsOfShared(tenant: Tenant, source?: string): Record<string, string> {
    return {
      [LABEL.instance]: this.instance,
      [LABEL.tenant]: tenant,
      ...(source !== undefined && { [LABEL.volume]: source }),
    }
  }

  #name(id: string): string {
    const plain = id.replaceAll(':', '.')
    const usable = /^[A-Za-z0-9_.-]{1,120}$/.test(plain)
    return `taskport-${this.instance}-${usable ? plain : digestOf(id)}`
  }
}

const PREFIX = 'dev.taskport.'

export const LABEL = {
  instance: `${PREFIX}instance`,
  allocation: `${PREFIX}allocation`,
  attempt: `${PREFIX}attempt`,
  step: `${PREFIX}step`,
  tenant: `${PREFIX}tenant`,
  /** The name by which steps share a volume. */
  volume: `${PREFIX}volume`,
  /** What a server that comes after a crash needs to know of the attempt: JSON of `RunTerms`. */
  terms: `${PREFIX}terms`,
} as const

/** Labels that nobody else may set. */
export const isReservedLabel = (name: string): boolean => name.startsWith(PREFIX)

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24)
