/**
 * The dispatcher: keeps the queue of what is pending and turns the scheduler's decisions into placements. A round runs
 * whenever something may have changed: a submission, an end, a node, a timer.
 *
 * Q1. Everything pending is in the queue; nothing else is.
 * Q2. What a decision takes is booked at once, before its commit, so that the next decision sees it.
 */
import type { Execution } from '../core/execution.ts'
import { stepsOf } from '../core/execution.ts'
import type { Placed } from '../core/execution-event.ts'
import type { ExecutionId } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import { reason } from '../core/reason.ts'
import type { Decision, Deferral, Placement } from '../scheduler/decision.ts'
import { schedule } from '../scheduler/schedule.ts'
import type { Candidate, NodeView, Snapshot } from '../scheduler/snapshot.ts'
import { WaitingLines } from '../scheduler/waiting-lines.ts'
import { candidateOf } from './candidate.ts'
import type { Context } from './context.ts'

/** Decisions of one round; more follow in the next. Each becomes a commit, and those of one round land together: more of
 *  them would keep the event loop from its other work for too long. */
const DECISIONS_PER_ROUND = 64

/** Far behind in the queue: a round reports on its first waiters only. */
const QUEUED = reason('queued', 'others wait before it')
const HELD = reason('dispatch_held', 'the operator holds back all placing')

export class Dispatcher {
  readonly #context: Context
  #lines = new WaitingLines()
  readonly #deferred = new Map<ExecutionId, Deferral>()
  #order = 0
  #held = false
  #latest: Instant = 0
  #round: { cancel(): void } | undefined
  #timer: { readonly at: Instant; readonly alarm: { cancel(): void } } | undefined

  constructor(context: Context) {
    this.#context = context
  }

  get held(): boolean {
    return this.#held
  }

  get waiting(): number {
    return this.#lines.size
  }

  hold(held: boolean): void {
    this.#held = held
    if (!held) this.wake()
  }

  candidate(execution: Execution): Candidate {
    return candidateOf(execution, this.#context.executors, ++this.#order)
  }

  /** Decides about new ones at once, without asking them to queue first, where nothing stands before them. */
  decideNow(candidates: readonly Candidate[]): readonly Decision[] {
    const mayPass = (c: Candidate): boolean => !this.#held && (this.#lines.size === 0 || c.ifNoRoom === 'refuse')
    const first = candidates.filter(mayPass)
    if (first.length === 0) return []
    return schedule(this.#snapshot(first), this.#now(), { decisions: first.length })
  }

  /** What was accepted waits, also where it first asked to be refused (a concurrency limit made it wait). */
  enqueue(execution: Execution, candidate = this.candidate(execution)): void {
    this.#lines.add(candidate.ifNoRoom === 'queue' ? candidate : { ...candidate, ifNoRoom: 'queue' })
    this.wake()
  }

  isQueued(id: ExecutionId): boolean {
    return this.#lines.get(id) !== undefined
  }

  /** It holds nothing any more and waits for nothing. */
  release(execution: Execution): void {
    this.#lines.remove(execution.id)
    this.#deferred.delete(execution.id)
    this.#context.ledger.release(execution.id)
    if (this.#lines.size > 0) this.wake()
  }

  /** The latest word on why it waits. */
  deferral(id: ExecutionId): Deferral | undefined {
    if (!this.#lines.get(id)) return undefined
    if (this.#held) return { kind: 'defer', execution: id, reason: HELD, position: 0 }
    return this.#deferred.get(id) ?? { kind: 'defer', execution: id, reason: QUEUED, position: 0 }
  }

  /** Something changed: a round runs soon. */
  wake(): void {
    if (this.#held || this.#round) return
    this.#round = this.#context.alarms.at(this.#context.now(), () => {
      this.#round = undefined
      this.tick(this.#now())
    })
  }

  /** One round; returns how many were placed. */
  tick(now: Instant): number {
    if (this.#held || this.#lines.size === 0) return 0
    const decisions = schedule(this.#snapshot(this.#lines), now, { decisions: DECISIONS_PER_ROUND })
    let placed = 0
    for (const decision of decisions) {
      if (decision.kind === 'place') placed += this.#place(decision) ? 1 : 0
      else if (decision.kind === 'defer') this.#defer(decision)
    }
    if (placed > 0 && this.#lines.size > 0) this.wake()
    this.#setTimer(this.#lines.nextDueAt())
    return placed
  }

  /** What a placement means for this execution. */
  placedEvent(execution: Execution, decision: Placement): Placed {
    const executors = stepsOf(execution).map((spec) => this.#context.executors.kindsFor(spec)[0] ?? '')
    const { node, ports } = decision
    return { kind: 'placed', node, reserved: execution.submission.reservation, ports, executors }
  }

  clear(): void {
    this.#lines = new WaitingLines()
    this.#deferred.clear()
    this.#timer?.alarm.cancel()
    this.#timer = undefined
  }

  /** For waits time never runs back: what was due once stays due when the wall clock is set back. */
  #now(): Instant {
    this.#latest = Math.max(this.#latest, this.#context.now())
    return this.#latest
  }

  #place(decision: Placement): boolean {
    const execution = this.#context.roster.get(decision.execution)
    const node = this.#context.nodes.get(decision.node)
    if (!execution || node?.epoch !== decision.nodeEpoch) return false
    this.#lines.remove(execution.id)
    this.#deferred.delete(execution.id)
    this.#context.ledger.book(execution, decision.node, decision.ports)
    void this.#commitPlacement(execution, decision)
    return true
  }

  async #commitPlacement(execution: Execution, decision: Placement): Promise<void> {
    const { transitions, ledger, roster } = this.#context
    const applied = await transitions.tell(execution.id, this.placedEvent(execution, decision))
    // Failed: whether it was stored is not known, so its place stays taken.
    if (applied === 'advanced' || applied === 'failed') return
    ledger.release(execution.id)
    const now = roster.get(execution.id)
    if (now?.status.state === 'pending' && now.status.desired === 'run') this.enqueue(now)
  }

  #defer(decision: Deferral): void {
    const before = this.#deferred.get(decision.execution)
    this.#deferred.set(decision.execution, decision)
    if (before?.reason.code === decision.reason.code && before.reason.message === decision.reason.message) return
    void this.#context.transitions.tell(decision.execution, { kind: 'deferred', reason: decision.reason })
  }

  #setTimer(at: Instant | undefined): void {
    if (at === this.#timer?.at) return
    this.#timer?.alarm.cancel()
    this.#timer = undefined
    if (at === undefined) return
    const ring = (): void => {
      this.#timer = undefined
      this.wake()
    }
    this.#timer = { at, alarm: this.#context.alarms.at(at, ring) }
  }

  #snapshot(queue: Iterable<Candidate>): Snapshot {
    const { ledger, nodes, chance } = this.#context
    const views: NodeView[] = []
    for (const node of nodes.all())
      views.push({
        node,
        use: ledger.use(node.id),
        count: (ref, value) => ledger.count(node.id, ref, value),
        values: (ref) => ledger.values(node.id, ref),
      })
    return {
      nodes: views,
      queue,
      concurrencyUse: (tenant, key) => ledger.concurrencyUse(tenant, key),
      tenantUse: (tenant) => ledger.tenantUse(tenant),
      chance,
    }
  }
}
