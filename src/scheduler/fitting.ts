import type { Node } from '../core/node.ts'
import { looksAtRuns, satisfies } from './constraint.ts'
import type { Shortfall } from './decision.ts'
import type { NodeRoom } from './node-room.ts'
import type { Candidate } from './snapshot.ts'

export type Problem = Pick<Shortfall, 'lacks' | 'detail'>

/** Other tenants' nodes do not exist for it, not even in reasons. */
export const isVisible = (node: Node, candidate: Candidate): boolean =>
  node.tenant === undefined || node.tenant === candidate.tenant

/** What keeps a node from ever taking the candidate while the node stays as it is; undefined when nothing does. */
export function lastingProblem(room: NodeRoom, candidate: Candidate): Problem | undefined {
  const { node } = room
  if (node.state !== 'active') return { lacks: node.state }
  const { placement } = candidate
  if (placement?.node !== undefined && placement.node !== node.id) {
    return { lacks: 'constraint', detail: 'it is pinned to another node' }
  }
  const missing = candidate.executors.find((kinds) => !kinds.some((kind) => node.executors.includes(kind)))
  if (missing !== undefined)
    return { lacks: 'executor', detail: `a step needs ${missing.join(' or ') || 'an executor that nobody has'}` }
  if (placement?.constraint === undefined || looksAtRuns(placement.constraint)) return undefined
  return satisfies(placement.constraint, room) ? undefined : { lacks: 'constraint' }
}

/** What keeps a node that has no lasting problem from taking the candidate now, other than lack of room. */
export function passingProblem(room: NodeRoom, candidate: Candidate): Problem | undefined {
  const { placement } = candidate
  if (placement !== undefined) {
    const { constraint, distinctBy } = placement
    if (constraint !== undefined && looksAtRuns(constraint) && !satisfies(constraint, room))
      return { lacks: 'constraint' }
    if (distinctBy !== undefined && room.count(distinctBy.ref, distinctBy.value) > 0) {
      return { lacks: 'distinct', detail: `it runs one with ${distinctBy.ref} ${distinctBy.value}` }
    }
  }
  if (candidate.ports.length === 0) return undefined
  const ports = room.portsFor(candidate)
  return typeof ports === 'string' ? { lacks: 'ports', detail: `${ports} is not free` } : undefined
}

/** Whether CPU, memory and slots suffice now. */
export const hasRoom = (room: NodeRoom, { reservation }: Candidate): boolean =>
  room.slots >= 1 && covers(room.cpuUnits, reservation.cpuUnits) && covers(room.memoryBytes, reservation.memoryBytes)

/** Who wants nothing gets it even where more than all is taken. */
const covers = (free: number, wanted: number): boolean => wanted <= 0 || free >= wanted

/** What is too small about the node even if nothing else ran there. */
export function sizeProblem({ node: { capacity } }: NodeRoom, { reservation }: Candidate): Problem | undefined {
  const { cpuUnits, memoryBytes, slots } = capacity
  if (!covers(cpuUnits, reservation.cpuUnits)) {
    return { lacks: 'cpu', detail: `wants ${reservation.cpuUnits} CPU units, the node has ${cpuUnits}` }
  }
  if (!covers(memoryBytes, reservation.memoryBytes)) {
    return { lacks: 'memory', detail: `wants ${reservation.memoryBytes} bytes, the node has ${memoryBytes}` }
  }
  return slots < 1 ? { lacks: 'slots', detail: 'the node takes none' } : undefined
}

/** Which of CPU, memory and slots is missing. Free amounts stand in the detail, as of now. */
export function roomProblem(room: NodeRoom, candidate: Candidate): Problem | undefined {
  const { reservation } = candidate
  const { capacity } = room.node
  const tooSmall = sizeProblem(room, candidate)
  if (tooSmall !== undefined) return tooSmall
  if (!covers(room.cpuUnits, reservation.cpuUnits)) {
    const free = Math.max(0, room.cpuUnits)
    return { lacks: 'cpu', detail: `wants ${reservation.cpuUnits} CPU units, ${free} of ${capacity.cpuUnits} are free` }
  }
  if (!covers(room.memoryBytes, reservation.memoryBytes)) {
    const free = Math.max(0, room.memoryBytes)
    return {
      lacks: 'memory',
      detail: `wants ${reservation.memoryBytes} bytes, ${free} of ${capacity.memoryBytes} are free`,
    }
  }
  return room.slots < 1 ? { lacks: 'slots', detail: `all ${capacity.slots} are taken` } : undefined
}

/** The first thing that keeps the candidate off the node now: what lasts, then room, then what passes. */
export const problemOf = (room: NodeRoom, candidate: Candidate): Problem | undefined =>
  lastingProblem(room, candidate) ?? roomProblem(room, candidate) ?? passingProblem(room, candidate)
