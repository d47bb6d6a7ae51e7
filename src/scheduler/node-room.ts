/**
 * A node during one round: what its snapshot says, less what the round gave out. The snapshot itself is never touched.
 * Nothing is ever given back in a round: what did not fit once does not fit later in it, save that a `runs` constraint may come true.
 */
import type { AllocatedPort } from '../core/execution.ts'
import type { Node } from '../core/node.ts'
import type { Subject } from './constraint.ts'
import { choosePorts, portKey } from './host-ports.ts'
import type { Candidate, NodeView } from './snapshot.ts'

export class NodeRoom implements Subject {
  readonly node: Node
  cpuUnits: number
  memoryBytes: number
  slots: number
  /** Its room is kept for a candidate that has waited long: nobody behind that one gets in. */
  held = false
  readonly #view: NodeView
  #given: Map<string, Map<string, number>> | undefined
  #ports: Set<string> | undefined
  #reserved: Set<string> | undefined

  constructor(view: NodeView) {
    const { node, use } = view
    this.#view = view
    this.node = node
    this.cpuUnits = node.capacity.cpuUnits - use.cpuUnits
    this.memoryBytes = node.capacity.memoryBytes - use.memoryBytes
    this.slots = node.capacity.slots - use.allocations
  }

  get attributes(): Readonly<Record<string, string>> {
    return this.node.attributes
  }

  /** Open allocations, those of this round included. */
  get allocations(): number {
    return this.node.capacity.slots - this.slots
  }

  count(ref: string, value: string): number {
    return this.#view.count(ref, value) + (this.#given?.get(ref)?.get(value) ?? 0)
  }

  values(ref: string): Iterable<string> {
    const given = this.#given?.get(ref)
    return given === undefined ? this.#view.values(ref) : new Set([...this.#view.values(ref), ...given.keys()])
  }

  /** The ports it would get, or which one cannot be had. */
  portsFor(candidate: Candidate): readonly AllocatedPort[] | string {
    if (candidate.ports.length === 0) return []
    this.#reserved ??= new Set(this.node.capacity.reservedPorts)
    return choosePorts(candidate, this.node.capacity, this.#isTaken)
  }

  /** Takes the room. The caller has made sure that it fits. */
  give(candidate: Candidate): readonly AllocatedPort[] {
    const ports = this.portsFor(candidate)
    if (typeof ports === 'string') throw new Error(`${ports} is not free on ${this.node.name}`)
    this.cpuUnits -= candidate.reservation.cpuUnits
    this.memoryBytes -= candidate.reservation.memoryBytes
    this.slots -= 1
    if (ports.length > 0) this.#ports ??= new Set()
    for (const { protocol, hostPort } of ports) this.#ports!.add(portKey(protocol, hostPort))
    for (const ref in candidate.refs) this.#countOne(ref, candidate.refs[ref]!)
    return ports
  }

  #countOne(ref: string, value: string): void {
    this.#given ??= new Map()
    const values = this.#given.get(ref) ?? new Map<string, number>()
    this.#given.set(ref, values.set(value, (values.get(value) ?? 0) + 1))
  }

  readonly #isTaken = (key: string): boolean =>
    this.#view.use.ports.has(key) || this.#ports?.has(key) === true || this.#reserved?.has(key) === true
}
