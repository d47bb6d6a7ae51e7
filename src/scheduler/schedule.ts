import type { Instant } from '../core/instant.ts'
import { type Reason, reason } from '../core/reason.ts'
import type { Reservation } from '../core/resources.ts'
import type { Decision, Deferral, Placement, Refusal } from './decision.ts'
import { type Cursor, FairOrder, front } from './fair-order.ts'
import { type Blocked, Round } from './round.ts'
import type { Candidate, Snapshot } from './snapshot.ts'
import { reasonOf, refusalOf, thingOf, type Wait } from './wait.ts'
import { WaitingLines } from './waiting-lines.ts'

export interface Limits {
  /** At most so many decisions; placements and refusals come first, deferrals take what is left. */
  readonly decisions: number
}

/** Lines that got nothing this round, from where on, and by what they are blocked. */
type Waiting = ReadonlyMap<Cursor, Blocked>

/**
 * One round: who gets a place now, who is refused, who waits for what. Pure and deterministic for the same chance.
 * A round that placed anything may have made room for another decision (a concurrency limit, a `runs` constraint):
 * call again until none does.
 */
export function schedule(snapshot: Snapshot, now: Instant, limits: Limits): readonly Decision[] {
  const queue = WaitingLines.of(snapshot.queue)
  queue.ripen(now)
  const round = new Round(snapshot, now)
  const cursors = cursorsOf(queue)
  const order = new FairOrder(cursors, (tenant) => snapshot.tenantUse(tenant))
  const decisions: Decision[] = []
  const waiting = placeAll(cursors, order, round, now, limits, decisions)
  const left = limits.decisions - decisions.length
  if (left > 0) decisions.push(...deferrals(waiting, round, order, queue, now, left))
  return decisions
}

function cursorsOf(queue: WaitingLines): readonly Cursor[] {
  const cursors: Cursor[] = []
  for (const line of queue.lines()) cursors.push({ line, index: 0 })
  return cursors
}

/** Places and refuses until all lines are walked or the limit is reached; returns the lines that wait. */
function placeAll(
  cursors: readonly Cursor[],
  order: FairOrder,
  round: Round,
  now: Instant,
  limits: Limits,
  decisions: Decision[],
): Waiting {
  const waiting = new Map<Cursor, Blocked>()
  const refusals = new Map<Cursor, Wait>()
  const least = leastOf(cursors)
  while (decisions.length < limits.decisions) {
    // Nobody fits any more, and nobody is to be told so: the lines not walked yet need no walk.
    if (least !== undefined && !round.mayFit(least)) return allOf(cursors, waiting)
    const cursor = order.next()
    if (cursor === undefined) break
    const candidate = front(cursor)
    const refusal = refusals.get(cursor)
    if (isEarly(candidate, now)) order.passed()
    else if (refusal !== undefined) {
      decisions.push(refuse(candidate, refusal))
      order.passed()
    } else {
      const outcome = round.place(candidate, cursor.line)
      if (isPlacement(outcome)) {
        decisions.push(outcome)
        order.placed()
      } else if (isRefused(candidate, outcome)) {
        refusals.set(cursor, round.explain(candidate, outcome))
      } else {
        waiting.set(cursor, outcome)
        order.blocked()
      }
    }
  }
  return waiting
}

/** The least of each resource that any line wants; undefined when somebody wants to be refused. O(lines). */
function leastOf(cursors: readonly Cursor[]): Reservation | undefined {
  let cpuUnits = Number.POSITIVE_INFINITY
  let memoryBytes = Number.POSITIVE_INFINITY
  for (const cursor of cursors) {
    const { reservation, ifNoRoom } = front(cursor)
    if (ifNoRoom === 'refuse') return undefined
    cpuUnits = Math.min(cpuUnits, reservation.cpuUnits)
    memoryBytes = Math.min(memoryBytes, reservation.memoryBytes)
  }
  return { cpuUnits, memoryBytes }
}

/** With the lines that were not walked to their end: they wait for room, unless a key turns out to stand before that. */
function allOf(cursors: readonly Cursor[], walked: Map<Cursor, Blocked>): Waiting {
  for (const cursor of cursors) {
    if (!walked.has(cursor) && cursor.line.at(cursor.index) !== undefined) walked.set(cursor, 'unwalked')
  }
  return walked
}

const isEarly = ({ notBefore }: Candidate, now: Instant): boolean => notBefore !== undefined && notBefore > now

const isPlacement = (outcome: Placement | Blocked): outcome is Placement =>
  typeof outcome === 'object' && 'kind' in outcome

/** Only for want of room: who asked for a concurrency limit asked to queue for it. */
const isRefused = (candidate: Candidate, blocked: Blocked): boolean =>
  candidate.ifNoRoom === 'refuse' && typeof blocked === 'string'

const refuse = (candidate: Candidate, wait: Wait): Refusal => ({
  kind: 'refuse',
  execution: candidate.execution,
  reason: refusalOf(wait, candidate),
  shortfalls: wait.for === 'concurrency' ? [] : wait.shortfalls,
})

/** Those that wait for room, a key or a turn, in fair order; then those that wait for a time, soonest first. */
function deferrals(
  waiting: Waiting,
  round: Round,
  order: FairOrder,
  queue: WaitingLines,
  now: Instant,
  most: number,
): readonly Decision[] {
  const found = inFairOrder(waiting, round, order, now, most)
  for (const candidate of queue.sleeping(most - found.length)) found.push(deferUntilDue(candidate))
  return found
}

function inFairOrder(waiting: Waiting, round: Round, order: FairOrder, now: Instant, most: number): Deferral[] {
  const ahead = new Map<string, number>()
  const described = new Map<Cursor, Described>()
  const found: Deferral[] = []
  const walk = new FairOrder(waiting.keys(), (tenant) => order.useOf(tenant))
  for (let cursor = walk.next(); cursor !== undefined && found.length < most; cursor = walk.next()) {
    const candidate = front(cursor)
    if (isEarly(candidate, now)) {
      walk.passed()
      continue
    }
    const line = described.get(cursor) ?? describe(candidate, round, waiting.get(cursor)!)
    described.set(cursor, line)
    const position = (ahead.get(line.thing) ?? 0) + 1
    ahead.set(line.thing, position)
    found.push({ kind: 'defer', execution: candidate.execution, reason: line.reason, position })
    walk.placed()
  }
  return found
}

/** What is the same for all candidates of a line that waits. */
interface Described {
  readonly thing: string
  readonly reason: Reason
}

function describe(candidate: Candidate, round: Round, blocked: Blocked): Described {
  const wait = round.explain(candidate, blocked)
  return { thing: thingOf(wait, candidate.tenant), reason: reasonOf(wait, candidate) }
}

function deferUntilDue({ execution, notBefore }: Candidate): Deferral {
  const until = notBefore!
  return { kind: 'defer', execution, reason: reason('not_before', 'its time has not come'), position: 0, until }
}
