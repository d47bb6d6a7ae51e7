/**
 * The ledger: what open allocations take, per node, tenant and concurrency key. Derived from the roster, kept up to
 * date by whoever opens and closes allocations.
 *
 * K1. An execution is booked from the moment a placement is decided (before its commit) until its allocation is closed.
 * K2. Booking twice or releasing twice changes nothing.
 */
import type { AllocatedPort, Execution } from '../core/execution.ts'
import type { ExecutionId, NodeId, Tenant } from '../core/identity.ts'
import type { NodeUse } from '../core/node.ts'
import type { Reservation } from '../core/resources.ts'

interface Booking {
  readonly node: NodeId
  readonly tenant: Tenant
  readonly reserved: Reservation
  readonly ports: readonly string[]
  readonly keys: readonly string[]
  readonly refs: Readonly<Record<string, string>>
}

interface Account {
  cpuUnits: number
  memoryBytes: number
  readonly ports: Set<string>
  readonly executions: Set<ExecutionId>
  readonly refs: Map<string, Map<string, number>>
}

export class Ledger {
  readonly #bookings = new Map<ExecutionId, Booking>()
  readonly #accounts = new Map<NodeId, Account>()
  readonly #keys = new Map<string, number>()
  readonly #tenants = new Map<Tenant, number>()

  book(execution: Execution, node: NodeId, ports: readonly AllocatedPort[]): void {
    if (this.#bookings.has(execution.id)) return
    const booking: Booking = {
      node,
      tenant: execution.tenant,
      reserved: execution.submission.reservation,
      ports: ports.map((p) => `${p.protocol}/${p.hostPort}`),
      keys: (execution.submission.concurrency ?? []).map((c) => keyOf(execution.tenant, c.key)),
      refs: execution.submission.refs,
    }
    this.#bookings.set(execution.id, booking)
    this.#apply(execution.id, booking, 1)
  }

  release(id: ExecutionId): boolean {
    const booking = this.#bookings.get(id)
    if (!booking) return false
    this.#bookings.delete(id)
    this.#apply(id, booking, -1)
    return true
  }

  use(node: NodeId): NodeUse {
    const account = this.#account(node)
    const { cpuUnits, memoryBytes, ports, executions } = account
    return { cpuUnits, memoryBytes, ports, allocations: executions.size }
  }

  executionsOn(node: NodeId): ReadonlySet<ExecutionId> {
    return this.#account(node).executions
  }

  count(node: NodeId, ref: string, value: string): number {
    return this.#account(node).refs.get(ref)?.get(value) ?? 0
  }

  values(node: NodeId, ref: string): Iterable<string> {
    return this.#account(node).refs.get(ref)?.keys() ?? []
  }

  concurrencyUse(tenant: Tenant, key: string): number {
    return this.#keys.get(keyOf(tenant, key)) ?? 0
  }

  tenantUse(tenant: Tenant): number {
    return this.#tenants.get(tenant) ?? 0
  }

  clear(): void {
    for (const map of [this.#bookings, this.#accounts, this.#keys, this.#tenants]) map.clear()
  }

  #apply(id: ExecutionId, booking: Booking, sign: 1 | -1): void {
    const account = this.#account(booking.node)
    account.cpuUnits += sign * booking.reserved.cpuUnits
    account.memoryBytes += sign * booking.reserved.memoryBytes
    if (sign === 1) account.executions.add(id)
    else account.executions.delete(id)
    for (const port of booking.ports) sign === 1 ? account.ports.add(port) : account.ports.delete(port)
    for (const key of booking.keys) add(this.#keys, key, sign)
    add(this.#tenants, booking.tenant, sign)
    for (const [ref, value] of Object.entries(booking.refs)) this.#countRef(account, ref, value, sign)
  }

  #countRef(account: Account, ref: string, value: string, sign: 1 | -1): void {
    const values = account.refs.get(ref) ?? new Map<string, number>()
    add(values, value, sign)
    if (values.size === 0) account.refs.delete(ref)
    else account.refs.set(ref, values)
  }

  #account(node: NodeId): Account {
    let account = this.#accounts.get(node)
    if (!account) {
      account = { cpuUnits: 0, memoryBytes: 0, ports: new Set(), executions: new Set(), refs: new Map() }
      this.#accounts.set(node, account)
    }
    return account
  }
}

function add<Key>(map: Map<Key, number>, key: Key, by: number): void {
  const next = (map.get(key) ?? 0) + by
  if (next === 0) map.delete(key)
  else map.set(key, next)
}

const keyOf = (tenant: Tenant, key: string): string => `${tenant}\n${key}`
