import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Exit } from '../../../core/exit.ts'
import type { AllocationId, AttemptId } from '../../../core/identity.ts'
import type { Sight, Work } from '../../../core/ports/executor.ts'
import type { LogWriter } from '../../../core/ports/log-store.ts'
import { reason } from '../../../core/reason.ts'
import type { StopHow } from '../../../core/step-spec.ts'
import { currentBoot, ownIdentity } from '../../process-identity.ts'
import { openCgroups } from '../cgroup/open-cgroups.ts'
import { type CellConfig, type FromCell, PROTOCOL_VERSION, type ToCell } from '../protocol.ts'
import { Companions } from './companions.ts'
import { Disks } from './disks.ts'
import { ExecSessions } from './exec-sessions.ts'
import { Journal, type JournalEntry } from './journal.ts'
import { INSIDE_ADDRESS } from './network-hosts.ts'
import { Networks } from './networks.ts'
import { Places } from './places.ts'
import { monotonicMs, Reactor } from './reactor.ts'
import { RecentIds } from './recent-ids.ts'
import type { Run } from './run.ts'
import { RunEnder } from './run-ender.ts'
import { RunStarter } from './run-starter.ts'
import { ServerLink } from './server-link.ts'
import { SideProcesses } from './side-process.ts'
import { Sightings } from './sightings.ts'
import { Stopper } from './stopper.ts'
import { Strays } from './strays.ts'
import { keepInheritedDescriptors, sys } from './syscalls.ts'
import type { Timer } from './timer-heap.ts'
import { wallMicros } from './wall-clock.ts'

const LOG_SYNC_MS = 1_000
const TEND_MS = 1_000
const HOME_LOOK_MS = 10_000
/** Starting takes longest of all that a round does: so many, about 5 ms, then exits are looked at and told. */
const STARTS_A_ROUND = 16

type Start = Extract<ToCell, { do: 'start' }>

/**
 * A cell: the process that owns programs, their pipes and their limits, and outlives the server.
 *
 * I1. One round: wait, handle what is ready, start a few programs, then in this order write the journal, flush logs, tell
 *     the server. So an exit that a server hears of is in the journal, and its log is readable.
 * I2. An attempt is in exactly one of: never, tombstone, running (`runs`), ended and kept (`sightings`), forgotten.
 * I3. It never forks by libuv and never returns to libuv's loop: no promise, stream or timer of Node works here.
 * I4. It ignores every signal that can be ignored: only `end`, or SIGKILL, ends it.
 */
export class Cell {
  readonly #config: CellConfig
  readonly #logs: LogWriter
  readonly #reactor = new Reactor()
  readonly #runs = new Map<AttemptId, Run>()
  readonly #sightings = new Sightings()
  readonly #tombstones = new RecentIds(10_000)
  readonly #forgotten = new RecentIds(5_000)
  readonly #journal: Journal
  readonly #places: Places
  readonly #networks: Networks
  readonly #link: ServerLink
  readonly #starter: RunStarter
  readonly #ender: RunEnder
  readonly #stopper: Stopper
  readonly #companions: Companions
  readonly #sessions: ExecSessions
  readonly #strays: Strays
  /** Pids of processes that the cell itself started and watches. */
  readonly #roots = new Set<number>()
  /** Heard of, in no journal yet: until it is taken it is the server's to send again. */
  readonly #waiting: Start[] = []
  #taken: AttemptId[] = []
  #taking: readonly JournalEntry[] = []
  #logsDirty = false
  #syncTimer: Timer | undefined
  #tendTimer: Timer | undefined
  #newsTimer: Timer | undefined
  #ending = false

  constructor(config: CellConfig, logs: LogWriter) {
    const cgroups = openCgroups(config.host.cgroups, config.cell)
    this.#config = config
    this.#logs = logs
    this.#journal = new Journal(config.directory, () => this.#journalSnapshot())
    this.#places = new Places(
      config.allocations,
      config.trash,
      join(config.allocations, '..', 'spare', `${config.cell}-`),
      config.host.mkfs === undefined
        ? undefined
        : new Disks(join(config.allocations, '..', 'disks', `${config.cell}-`), config.host.mkfs),
    )
    this.#stopper = new Stopper(this.#reactor)
    this.#strays = new Strays(cgroups, this.#runs, (pid) => this.#roots.has(pid))
    this.#ender = new RunEnder({
      reactor: this.#reactor,
      logs,
      places: this.#places,
      networks: () => this.#networks,
      stopper: this.#stopper,
      strays: this.#strays,
      ending: (run) => this.#companions.end(run),
      ended: (run, sight) => {
        this.#runs.delete(run.attempt)
        this.#roots.delete(run.pid)
        this.#journal.add({ k: 'exit', a: run.attempt, seen: this.#sightings.add(run.attempt, sight) })
      },
      started: (run) => this.#sightings.add(run.attempt, startedSight(run)),
      wrote: () => {
        this.#logsDirty = true
      },
    })
    this.#starter = new RunStarter(config, this.#reactor, this.#places, this.#ender, this.#stopper, cgroups)
    const sides = new SideProcesses(config, this.#reactor, this.#roots)
    const { devNull } = this.#starter
    this.#networks = new Networks(config, this.#reactor, this.#roots, devNull)
    this.#companions = new Companions({
      config,
      reactor: this.#reactor,
      stopper: this.#stopper,
      sides,
      runs: this.#runs,
      devNull,
      health: (run, health) => this.#sightings.add(run.attempt, { kind: 'health', health }),
      progress: (run, progress) => this.#sightings.add(run.attempt, { kind: 'progress', progress }),
    })
    this.#sessions = new ExecSessions(this.#reactor, sides, devNull, (message) => this.#link.say(message))
    this.#link = new ServerLink(this.#reactor, join(config.directory, 'socket'), (messages) => this.#obey(messages))
    this.#lookForHome()
  }

  /** Whose directory is gone is found by no server any more. */
  #lookForHome(): void {
    this.#reactor.timers.at(monotonicMs() + HOME_LOOK_MS, () => {
      this.#ending ||= this.#runs.size === 0 && !existsSync(this.#config.directory)
      this.#lookForHome()
    })
  }

  /** The loop. Returns when the cell has nothing left to do in this world. */
  run(): void {
    while (!this.#ending || this.#runs.size > 0) {
      this.#reactor.round(this.#waiting.length > 0)
      this.#reactor.guard(() => this.#ender.afterRound())
      this.#reactor.guard(() => this.#startWaiting(STARTS_A_ROUND))
      this.#settle()
    }
    this.#networks.closeAll()
  }

  /** The end of a round (I1). */
  #settle(): void {
    const journaled = this.#journal.flush()
    if (this.#logsDirty) {
      this.#logsDirty = false
      this.#syncTimer ??= this.#reactor.timers.at(monotonicMs() + LOG_SYNC_MS, () => {
        this.#syncTimer = undefined
        this.#logs.sync()
      })
      const notice = this.#logs.flush()
      if (notice !== undefined) this.#link.say({ say: 'log', notice })
    }
    // With the journal stuck, which takes a full disk and more than its reserve, reports wait for it.
    if (journaled) this.#report()
    this.#link.flush()
  }

  #report(): void {
    if (this.#taken.length > 0) {
      this.#link.say({ say: 'taken', attempts: this.#taken })
      this.#taken = []
    }
    const fresh = this.#sightings.takeFresh()
    if (fresh.length > 0) this.#link.say({ say: 'seen', observations: fresh })
    const { nextStartAt } = this.#sightings
    if (nextStartAt === undefined) return
    this.#newsTimer ??= this.#reactor.timers.at(nextStartAt, () => {
      this.#newsTimer = undefined
    })
  }

  /** Starts wait for the end of the round; whatever could be about one of them comes after it. */
  #obey(messages: readonly ToCell[]): void {
    for (const message of messages) {
      if (message.do === 'start') {
        this.#waiting.push(message)
        continue
      }
      if (message.do !== 'ack') this.#startWaiting(this.#waiting.length)
      this.#do(message)
    }
  }

  #startWaiting(most: number): void {
    if (this.#waiting.length > 0) this.#startAll(this.#waiting.splice(0, most))
  }

  #do(message: Exclude<ToCell, { do: 'start' }>): void {
    switch (message.do) {
      case 'hello':
        return this.#greet()
      case 'stop':
        this.#stop(message.attempt as AttemptId, message.how)
        return this.#link.say({ say: 'answer', call: message.call })
      case 'ack':
        return this.#ack(message.receipts)
      case 'close':
        return this.#close(message.allocation as AllocationId, message.call)
      case 'end':
        return this.#end()
      case 'retire':
        this.#ending ||= this.#holdsNothing()
        return
      case 'stats':
        return this.#stats(message.attempt as AttemptId, message.call)
      case 'exec':
        return this.#sessions.begin(message.session, this.#runs.get(message.attempt as AttemptId), message.command)
      case 'execInput': {
        const bytes = message.base64 === undefined ? undefined : Buffer.from(message.base64, 'base64')
        return this.#sessions.input(message.session, bytes, message.end === true)
      }
      case 'execKill':
        return this.#sessions.kill(message.session)
    }
  }

  #holdsNothing(): boolean {
    const held = [...this.#networks.allocations(), ...this.#places.onDisks()]
    return this.#runs.size === 0 && this.#sightings.size === 0 && held.length === 0
  }

  /** Takes are journaled in one write before anything is spawned. */
  #startAll(starts: readonly Start[]): void {
    const mine = starts.filter(({ attempt }) => this.#take(attempt as AttemptId))
    this.#taking = mine.map(({ attempt, work }) => takeOf(attempt as AttemptId, work))
    for (const entry of this.#taking) this.#journal.add(entry)
    this.#journal.flush()
    for (const { attempt, work, offers } of mine) this.#start(attempt as AttemptId, work, offers ?? [])
    this.#taking = []
  }

  #take(attempt: AttemptId): boolean {
    this.#taken.push(attempt)
    const known = this.#runs.has(attempt) || this.#sightings.hasEnded(attempt) || this.#forgotten.has(attempt)
    return !known
  }

  #notice(attempt: AttemptId, work: Work, text: string): void {
    this.#logs.write(work.place.tenant, attempt, 'system', Buffer.from(`${text}\n`), wallMicros())
    this.#logsDirty = true
  }

  #start(attempt: AttemptId, work: Work, offers: readonly number[]): void {
    if (this.#tombstones.delete(attempt)) {
      const refusal = reason('stopped_by_user', 'it was stopped before it started')
      return this.#refuse(attempt, work, { outcome: 'refused', reason: refusal })
    }
    if (work.run.logs !== undefined) this.#logs.limit(work.place.tenant, attempt, work.run.logs)
    if (work.run.notice !== undefined) this.#notice(attempt, work, work.run.notice)
    const answer = this.#starter.start(attempt, work, this.#networks, offers)
    if ('refusal' in answer) return this.#refuse(attempt, work, { outcome: 'refused', reason: answer.refusal })
    const run = answer.run
    if (run.place.diskBytes !== undefined && run.place.disk === undefined && this.#config.host.mkfs !== undefined)
      this.#notice(attempt, work, 'no disk of its size could be made: the disk limit is watched, not enforced')
    this.#runs.set(attempt, run)
    this.#roots.add(run.pid)
    this.#companions.begin(run, work)
    this.#tend()
    this.#journal.add({ k: 'run', a: attempt, pid: run.pid, b: run.bornMs, at: run.startedAt })
    if (run.started) this.#sightings.add(attempt, startedSight(run))
  }

  /** Orphans that die by themselves are the cell's to collect, once a second. */
  #tend(): void {
    this.#tendTimer ??= this.#reactor.timers.at(monotonicMs() + TEND_MS, () => {
      this.#tendTimer = undefined
      this.#strays.reap()
      if (this.#runs.size > 0 || this.#strays.waits) this.#tend()
    })
  }

  #refuse(attempt: AttemptId, work: Work, exit: Exit): void {
    if (work.closesAllocation) {
      this.#networks.close(work.place.allocation)
      this.#places.close(work.place.allocation)
    }
    const closed = work.closesAllocation ? { closed: true } : {}
    const seen = this.#sightings.add(attempt, { kind: 'exited', exit, ...closed })
    this.#journal.add({ k: 'exit', a: attempt, seen })
  }

  #stop(attempt: AttemptId, how: StopHow): void {
    const run = this.#runs.get(attempt)
    if (run !== undefined) return this.#stopper.stop(run, how)
    if (this.#sightings.hasEnded(attempt) || this.#forgotten.has(attempt)) return
    this.#tombstones.add(attempt)
    this.#journal.add({ k: 'tomb', a: attempt })
  }

  #stats(attempt: AttemptId, call: number): void {
    const run = this.#runs.get(attempt)
    this.#link.say({ say: 'answer', call, ...(run === undefined ? {} : { stats: this.#companions.stats(run) }) })
  }

  /** Kills what runs in it; answers when that has ended and the place is gone. */
  #close(allocation: AllocationId, call: number): void {
    const inside = [...this.#runs.values()].filter((run) => run.allocation === allocation)
    for (const run of inside) this.#stopper.kill(run)
    if (inside.length > 0) {
      this.#reactor.timers.at(monotonicMs() + 5, () => this.#close(allocation, call))
      return
    }
    try {
      this.#networks.close(allocation)
      this.#places.close(allocation)
      this.#link.say({ say: 'answer', call })
    } catch (error) {
      this.#link.say({ say: 'answer', call, problem: String(error) })
    }
  }

  #ack(receipts: readonly number[]): void {
    for (const attempt of this.#sightings.ack(receipts)) {
      this.#journal.add({ k: 'done', a: attempt })
      this.#forgotten.add(attempt)
    }
  }

  #greet(): void {
    this.#sessions.killAll()
    const running = [...this.#runs.values()].map((run) => [run.attempt, run.startedAt] as const)
    const hello: FromCell = {
      say: 'hello',
      protocol: PROTOCOL_VERSION,
      cell: this.#config.cell,
      boot: currentBoot(),
      pid: process.pid,
      running,
      tombstones: [...this.#tombstones],
      networks: this.#networks.allocations(),
      disks: this.#places.onDisks(),
    }
    this.#link.say(hello)
    this.#taken = []
    const all = this.#sightings.takeAll()
    if (all.length > 0) this.#link.say({ say: 'seen', observations: all })
  }

  #end(): void {
    this.#ending = true
    for (const run of this.#runs.values()) this.#stopper.kill(run)
  }

  #journalSnapshot(): readonly JournalEntry[] {
    const entries: JournalEntry[] = [...this.#taking]
    for (const run of this.#runs.values()) {
      const { attempt: a, tenant: t, allocation: l, closesAllocation: c } = run
      entries.push({ k: 'take', a, t, l, c })
      entries.push({ k: 'run', a, pid: run.pid, b: run.bornMs, at: run.startedAt })
    }
    for (const seen of this.#sightings.exits()) entries.push({ k: 'exit', a: seen.attempt, seen })
    for (const a of this.#tombstones) entries.push({ k: 'tomb', a })
    return entries
  }
}

const startedSight = ({ pid, network }: Run): Sight => ({
  kind: 'started',
  handle: String(pid),
  ...(network === undefined ? {} : { ports: network.ports, address: INSIDE_ADDRESS }),
})

const takeOf = (attempt: AttemptId, work: Work): JournalEntry => ({
  k: 'take',
  a: attempt,
  t: work.place.tenant,
  l: work.place.allocation,
  c: work.closesAllocation,
})

const PR_SET_CHILD_SUBREAPER = 36
const SIG_IGN = 1
/** All that can be ignored, except those that mean a broken cell. SIGCHLD stays: ignoring it loses exit statuses. */
const IGNORED = [1, 2, 3, 10, 12, 13, 14, 15, 20, 21, 22, 29]

/** Runs a cell in this process until it ends. `logs` is all that it cannot make by itself. */
export function runCell(config: CellConfig, logs: LogWriter): void {
  keepInheritedDescriptors()
  for (const signal of IGNORED) sys.signal(signal, SIG_IGN)
  sys.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
  // Before it makes anything outside its directory: one that a server has buried meanwhile fails here, leaving nothing.
  const path = join(config.directory, 'identity')
  writeFileSync(`${path}.new`, JSON.stringify(ownIdentity()), { mode: 0o600 })
  renameSync(`${path}.new`, path)
  new Cell(config, logs).run()
}
