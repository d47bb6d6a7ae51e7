/**
 * Gathers commits into batches.
 *
 * Q1. At most one batch is with the writer. Commits that come meanwhile, and all of one turn of the event loop, share
 *     the next: the busier, the larger.
 * Q2. When a batch returns, positions are given out in its order, `head` moves, what was read of its executions is
 *     forgotten, listeners hear, and only then are the promises settled, a few a turn: what waits on them runs before
 *     the event loop turns again.
 */
import type { Event, UnplacedEvent } from '../../core/event.ts'
import type { Change, Committed } from '../../core/ports/store.ts'
import { encodeCursor } from '../cursor.ts'
import type { EventHub } from '../event-hub.ts'
import { closed } from '../store-error.ts'
import type { Atom, Fate } from './batch-protocol.ts'
import { encodeCommit } from './encode-changes.ts'
import type { RecentExecutions } from './recent-executions.ts'
import { fromWire } from './sqlite-error.ts'
import type { WriterThread } from './writer-thread.ts'

interface Commit {
  readonly changes: readonly Change[]
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: unknown) => void
}

const NOTHING: readonly number[] = []
/** Promises settled in one turn of the event loop: about 2 ms of what follows them. */
const SETTLED_A_TURN = 12

export class CommitQueue {
  epoch: string
  head: number
  readonly #thread: WriterThread
  readonly #hub: EventHub
  readonly #recent: RecentExecutions
  #atoms: Atom[] = []
  #commits: Commit[] = []
  #flight: Promise<void> | undefined
  #planned = false
  #closed = false

  constructor(thread: WriterThread, hub: EventHub, recent: RecentExecutions, epoch: string, head: number) {
    this.#thread = thread
    this.#hub = hub
    this.#recent = recent
    this.epoch = epoch
    this.head = head
  }

  commit(changes: readonly Change[]): Promise<Committed> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closed()
      encodeCommit(changes, this.#atoms)
      this.#commits.push({ changes, resolve, reject })
      this.#plan()
    })
  }

  /** Refuses further commits and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#commits.length > 0 || this.#flight) await (this.#flight ?? this.#flush())
  }

  #plan(): void {
    if (this.#planned || this.#flight) return
    this.#planned = true
    setImmediate(() => {
      this.#planned = false
      if (!this.#flight && this.#commits.length > 0) this.#flush()
    })
  }

  #flush(): Promise<void> {
    const commits = this.#commits
    const atoms = this.#atoms
    this.#commits = []
    this.#atoms = []
    this.#flight = this.#thread.ask({ kind: 'batch', atoms }, 'batch').then(
      (reply) => this.#land(commits, reply.fates),
      (error) => this.#fail(commits, error),
    )
    return this.#flight
  }

  #land(commits: readonly Commit[], fates: readonly Fate[]): void {
    this.#flight = undefined
    if (this.#commits.length > 0) this.#flush()
    const events: Event[] = []
    const done = commits.map((commit, i) => this.#place(commit, fates[i] ?? null, events))
    this.#hub.publish(events)
    settleInTurns(done, 0)
  }

  #fail(commits: readonly Commit[], error: unknown): void {
    this.#flight = undefined
    if (this.#commits.length > 0) this.#flush()
    for (const { changes, reject } of commits) {
      this.#recent.forget(changes)
      reject(error)
    }
  }

  /** Takes the commit's positions; returns how to answer it. */
  #place(commit: Commit, fate: Fate, events: Event[]): () => void {
    this.#recent.forget(commit.changes)
    if (fate !== null && 'code' in fate) return () => commit.reject(fromWire(fate))
    for (const change of commit.changes) if (change.kind === 'event') this.#placeEvent(change.event, events)
    const committed = { cursor: encodeCursor(this.epoch, this.head), assigned: fate ?? NOTHING }
    return () => commit.resolve(committed)
  }

  #placeEvent(event: UnplacedEvent, events: Event[]): void {
    this.head++
    if (!this.#hub.idle) events.push({ ...event, position: this.head })
  }
}

function settleInTurns(settles: readonly (() => void)[], from: number): void {
  const until = Math.min(from + SETTLED_A_TURN, settles.length)
  for (let i = from; i < until; i++) settles[i]!()
  if (until < settles.length) setImmediate(settleInTurns, settles, until)
}
