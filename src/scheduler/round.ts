/**
 * One round of placing: the nodes' room, the keys' use, and which room is held, as they change while it goes on.
 *
 * R1. What a round gave out counts at once: no node, port, slot or key is given twice.
 * R2. Room only shrinks in a round, so a line that was found blocked stays blocked (a `runs` constraint that comes true
 *     by a placement of this round is seen in the next one).
 * R3. At most one candidate holds room on any set of nodes that share a candidate's choice.
 */
import type { Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Reservation } from '../core/resources.ts'
import type { Placement, Shortfall } from './decision.ts'
import { hasRoom, isVisible, lastingProblem, type Problem, passingProblem, problemOf, sizeProblem } from './fitting.ts'
import type { Line } from './line.ts'
import { NodeRoom } from './node-room.ts'
import type { Candidate, Snapshot } from './snapshot.ts'
import { chooseNode } from './strategy.ts'
import type { Wait } from './wait.ts'

/** A candidate that has waited this long at the head has room held for it … */
export const HOLD_AFTER_MS = 60_000
/** … for this long, then not for as long, and so on: what never ends on a node must not idle it for ever. */
export const HOLD_FOR_MS = 600_000

/** A line's nodes, as far as they stay the same in a round. */
interface Choice {
  readonly eligible: readonly NodeRoom[]
  readonly visible: readonly NodeRoom[]
}

/**
 * Why a line got nothing; the details are looked up only when somebody wants to know. `unwalked`: there was no room for
 * anybody any more when its turn would have come.
 */
export type Blocked = 'room' | 'turn' | 'unwalked' | Extract<Wait, { for: 'concurrency' }>

export class Round {
  readonly #snapshot: Snapshot
  readonly #now: Instant
  readonly #rooms: readonly NodeRoom[]
  readonly #choices = new Map<Line, Choice>()
  readonly #keysGiven = new Map<string, number>()
  #most: { cpuUnits: number; memoryBytes: number } | undefined

  constructor(snapshot: Snapshot, now: Instant) {
    this.#snapshot = snapshot
    this.#now = now
    this.#rooms = snapshot.nodes.map((view) => new NodeRoom(view))
  }

  /** Gives the candidate a place, or says what its whole line is blocked by. */
  place(candidate: Candidate, line: Line): Placement | Blocked {
    const limit = this.exhaustedKey(candidate)
    if (limit !== undefined) return limit
    if (!this.mayFit(candidate.reservation)) return this.#noRoom(candidate, line)
    const { eligible, visible } = this.#choiceOf(candidate, line)
    const fitting = eligible.filter((room) => hasRoom(room, candidate) && passingProblem(room, candidate) === undefined)
    const open = fitting.filter((room) => !room.held)
    if (open.length === 0) return fitting.length > 0 ? 'turn' : this.#noRoom(candidate, line)
    const room = chooseNode(open, candidate.placement?.strategies ?? [], visible, this.#snapshot.chance)
    return this.#give(room, candidate)
  }

  /** False when it is larger than the most that is free anywhere: no node need be looked at. */
  mayFit(reservation: Reservation): boolean {
    this.#most ??= mostFree(this.#rooms)
    return reservation.cpuUnits <= this.#most.cpuUnits && reservation.memoryBytes <= this.#most.memoryBytes
  }

  /** The first concurrency limit that is reached. */
  exhaustedKey(candidate: Candidate): Extract<Wait, { for: 'concurrency' }> | undefined {
    for (const limit of candidate.concurrency) {
      const use = this.#keyUse(candidate.tenant, limit.key)
      if (use >= limit.limit) return { for: 'concurrency', limit, use }
    }
    return undefined
  }

  /** Everything that is to say about a line that was blocked. O(nodes). */
  explain(candidate: Candidate, blocked: Blocked): Wait {
    if (typeof blocked === 'object') return blocked
    const limit = blocked === 'unwalked' ? this.exhaustedKey(candidate) : undefined
    if (limit !== undefined) return limit
    const never = this.#shortfalls(candidate, (room) => lastingProblem(room, candidate) ?? sizeProblem(room, candidate))
    if (never.shortfalls.length === never.nodes) return { for: 'node', shortfalls: never.shortfalls }
    const { shortfalls } = this.#shortfalls(candidate, (room) => problemOf(room, candidate))
    return { for: blocked === 'turn' ? 'turn' : 'room', shortfalls }
  }

  #shortfalls(candidate: Candidate, problemWith: (room: NodeRoom) => Problem | undefined) {
    const visible = this.#rooms.filter(({ node }) => isVisible(node, candidate))
    const shortfalls: Shortfall[] = []
    for (const room of visible) {
      const problem = problemWith(room)
      if (problem !== undefined) shortfalls.push({ node: room.node.id, ...problem })
    }
    return { nodes: visible.length, shortfalls }
  }

  #give(room: NodeRoom, candidate: Candidate): Placement {
    const ports = room.give(candidate)
    this.#most = undefined
    for (const { key } of candidate.concurrency) {
      const id = keyId(candidate.tenant, key)
      this.#keysGiven.set(id, (this.#keysGiven.get(id) ?? 0) + 1)
    }
    const { id, epoch } = room.node
    return { kind: 'place', execution: candidate.execution, node: id, nodeEpoch: epoch, ports }
  }

  #keyUse(tenant: Tenant, key: string): number {
    return this.#snapshot.concurrencyUse(tenant, key) + (this.#keysGiven.get(keyId(tenant, key)) ?? 0)
  }

  #choiceOf(candidate: Candidate, line: Line): Choice {
    const known = this.#choices.get(line)
    if (known !== undefined) return known
    const visible = this.#rooms.filter(({ node }) => isVisible(node, candidate))
    const choice = { visible, eligible: visible.filter((room) => lastingProblem(room, candidate) === undefined) }
    this.#choices.set(line, choice)
    return choice
  }

  #noRoom(candidate: Candidate, line: Line): 'room' {
    if (this.#mayHold(candidate)) this.#hold(candidate, line)
    return 'room'
  }

  #mayHold({ waitingSince }: Candidate): boolean {
    const waitedMs = this.#now - waitingSince - HOLD_AFTER_MS
    return waitedMs >= 0 && Math.floor(waitedMs / HOLD_FOR_MS) % 2 === 0
  }

  /** Holds the node that is nearest to having room, unless one of its nodes is held already: then it waits behind that. */
  #hold(candidate: Candidate, line: Line): void {
    const { eligible } = this.#choiceOf(candidate, line)
    if (eligible.some((room) => room.held)) return
    let nearest: NodeRoom | undefined
    for (const room of eligible) {
      const isWorthIt = !hasRoom(room, candidate) && !sizeProblem(room, candidate) && !passingProblem(room, candidate)
      if (isWorthIt && (!nearest || freeShare(room, candidate) > freeShare(nearest, candidate))) nearest = room
    }
    if (nearest !== undefined) nearest.held = true
  }
}

const keyId = (tenant: Tenant, key: string): string => `${tenant}\n${key}`

/** How much of what it wants is free: 1 is all. A held node's share only grows, so the hold does not wander for ever. */
function freeShare(room: NodeRoom, { reservation }: Candidate): number {
  const share = (free: number, wanted: number): number => (wanted <= 0 ? 1 : Math.min(1, Math.max(0, free) / wanted))
  return Math.min(share(room.cpuUnits, reservation.cpuUnits), share(room.memoryBytes, reservation.memoryBytes))
}

/** Of each resource the most that any node with a free slot has. Never below 0: wanting nothing fits everywhere. */
function mostFree(rooms: readonly NodeRoom[]): { cpuUnits: number; memoryBytes: number } {
  const most = { cpuUnits: -1, memoryBytes: -1 }
  for (const room of rooms) {
    if (room.slots < 1 || room.node.state !== 'active') continue
    most.cpuUnits = Math.max(0, most.cpuUnits, room.cpuUnits)
    most.memoryBytes = Math.max(0, most.memoryBytes, room.memoryBytes)
  }
  return most
}
