import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EngineError } from '../../core/engine-error.ts'
import type { AllocationId, AttemptId, Tenant } from '../../core/identity.ts'
import type {
  Capabilities,
  ExecRequest,
  ExecSession,
  Executor,
  Observation,
  Place,
  Seen,
  Stats,
  Work,
} from '../../core/ports/executor.ts'
import type { LogNotice } from '../../core/ports/log-store.ts'
import type { StopHow } from '../../core/step-spec.ts'
import { ObservationBox } from '../observation-box.ts'
import { AttemptTable } from './attempt-table.ts'
import { capabilitiesOf } from './capabilities.ts'
import { directoryNameOf } from './cell/places.ts'
import { CellFleet } from './cell-fleet.ts'
import type { CellLink } from './cell-link.ts'
import { Chores } from './chores.ts'
import { type DeadCell, forgetDeadCell, recoverDeadCell } from './dead-cell.ts'
import { openExecSession } from './exec-session.ts'
import type { HostFacts } from './host-facts.ts'
import { probeHost } from './probe-host.ts'
import type { CellObservation, Hello, SandboxPolicy } from './protocol.ts'
import { SharedDirectories } from './shared-directories.ts'
import { Trash } from './trash.ts'

export interface ProcessExecutorOptions {
  /** Everything of the executor lies below it. Must be traversable by the users that steps run as. */
  readonly dataDirectory: string
  /** Program and arguments that run a cell; the path of its configuration is appended. */
  readonly cellCommand: readonly string[]
  readonly sandbox?: Partial<SandboxPolicy>
  /** Attempts that one cell may hold before another is started. */
  readonly cellLimit?: number
  /** Passed to cells for their log writer. */
  readonly logs?: unknown
  /** New log frames are readable. */
  readonly onLog?: (notice: LogNotice) => void
  /** A cell's log writer can be heard (again), or has written its last: names as in its notices. */
  readonly onWriter?: { connected(cell: string): void; ended(cell: string): void }
  readonly host?: HostFacts
  /** Ports of this host's loopback that steps with a private network may reach: the server's own. */
  readonly offers?: () => readonly number[]
  /** Something went wrong that no caller waits for. */
  readonly onProblem?: (error: unknown) => void
}

/** Waiting costs nothing with pidfds; what bounds a cell are its descriptors: three or four an attempt. */
const CELL_LIMIT = 2_000
const IDLE_MS = 60_000
const RECOVERY_RETRY_MS = 5_000
/** How long a start waits for dead cells, ms. */
const RECOVERY_WAIT_MS = 3_000

/**
 * The process executor's half in the server: it starts cells, shares attempts among them, and repeats to the engine
 * what they saw. It owns no program; all of it can be lost and made again from the cells and their journals.
 *
 * I1. `#table` says for every attempt which cell has it; it is filled from each cell's hello before `ready` resolves.
 * I2. An observation stays in `#box` until acknowledged, and in its cell or journal until that acknowledgement arrives.
 * I3. A cell is dead only when its process is: then its journal speaks for it (`recoverDeadCell`).
 */
export class ProcessExecutor implements Executor {
  readonly kind = 'process'
  readonly capabilities: Capabilities
  readonly host: HostFacts
  readonly #options: ProcessExecutorOptions
  readonly #directory: string
  readonly #fleet: CellFleet
  readonly #limit: number
  readonly #links = new Map<string, CellLink>()
  readonly #dead = new Map<string, { readonly cell: DeadCell; readonly owed: Set<string> }>()
  readonly #table = new AttemptTable()
  readonly #box = new ObservationBox()
  /** Allocations that only one cell can serve, because it holds their private network or limited disk. */
  readonly #holders = new Map<AllocationId, string>()
  /** Dead cells whose journal has not spoken yet. */
  readonly #graves = new Set<string>()
  #launching: Promise<CellLink> | undefined
  #housekeeping: NodeJS.Timeout | undefined
  readonly #chores = new Chores((error) => this.#options.onProblem?.(error))
  readonly #trash: Trash
  #detached = false

  constructor(options: ProcessExecutorOptions) {
    this.#options = options
    this.host = options.host ?? probeHost()
    const sandbox: SandboxPolicy = { mode: 'prefer', allowedBinds: [], allowedRoots: [], ...options.sandbox }
    this.capabilities = capabilitiesOf(this.host, sandbox)
    this.#directory = join(options.dataDirectory, 'process')
    this.#limit = Math.min(options.cellLimit ?? CELL_LIMIT, Math.floor((this.host.descriptorLimit - 64) / 5))
    for (const name of ['', 'allocations', 'disks', 'networks', 'spare', 'trash'])
      mkdirSync(join(this.#directory, name), { recursive: true, mode: name === 'trash' ? 0o700 : 0o711 })
    this.#trash = new Trash(join(this.#directory, 'trash'), (chore) => this.#chores.add(chore))
    this.#fleet = new CellFleet({
      directory: join(this.#directory, 'cells'),
      command: options.cellCommand,
      settings: {
        dataDirectory: options.dataDirectory,
        allocations: join(this.#directory, 'allocations'),
        trash: join(this.#directory, 'trash'),
        host: this.host,
        sandbox,
        logs: options.logs,
      },
    })
  }

  async ready(): Promise<void> {
    const { live, dead } = await this.#fleet.find(this.#events)
    for (const link of live) this.#links.set(link.cell, link)
    await Promise.all(dead.map((directory) => this.#recoverBehind(directory)))
    if (this.#accepting() === undefined) await this.#launch()
    this.#housekeeping = setInterval(() => this.#keepHouse(), 5_000)
    this.#housekeeping.unref()
    this.#trash.empty()
  }

  async open(_place: Place): Promise<void> {
    // A workspace is made by the cell that gets the first attempt: until then there is nothing to hold.
  }

  async start(attempt: AttemptId, work: Work): Promise<void> {
    const known = this.#table.cellOf(attempt)
    if (known !== undefined && !this.#table.isTombstone(attempt)) return this.#table.taken(attempt)
    if (this.#table.wasForgotten(attempt)) return
    const link = await this.#linkFor(known ?? this.#holders.get(work.place.allocation))
    // While a cell was started, somebody else may have started the same attempt.
    if (this.#table.isTaken(attempt)) return this.#table.taken(attempt)
    link.running.add(attempt)
    link.idleSince = undefined
    this.#send(link, attempt, work)
    if (link.running.size > this.#limit * 0.8 && this.#spare() === undefined) void this.#launch().catch(() => {})
    return this.#table.take(attempt, link.cell)
  }

  async #linkFor(cell: string | undefined): Promise<CellLink> {
    return this.#links.get(cell ?? '') ?? this.#accepting() ?? (await this.#launch())
  }

  /** Steps that share a private network or a limited disk share its cell. */
  #send(link: CellLink, attempt: AttemptId, work: Work): void {
    const isPrivate = work.run.network?.mode === 'private'
    if (work.closesAllocation) this.#holders.delete(work.place.allocation)
    else if (isPrivate || work.place.diskBytes !== undefined) this.#holders.set(work.place.allocation, link.cell)
    link.send({ do: 'start', attempt, work, ...(isPrivate && { offers: this.#options.offers?.() ?? [] }) })
  }

  async stop(attempt: AttemptId, how: StopHow): Promise<void> {
    const known = this.#table.cellOf(attempt)
    if (known === undefined && this.#table.wasForgotten(attempt)) return
    const link = await this.#linkFor(known)
    if (known === undefined) this.#table.bury(attempt, link.cell)
    const answer = await link.call((call) => ({ do: 'stop', call, attempt, how }))
    if (answer === undefined) throw new Error(`the cell went away before it heard of stopping ${attempt}: try again`)
  }

  async inspect(attempts: readonly AttemptId[]): Promise<ReadonlyMap<AttemptId, Seen>> {
    const allKnown = this.#graves.size === 0 && [...this.#links.values()].every((link) => link.ready)
    return new Map(attempts.map((attempt) => [attempt, this.#see(attempt, allKnown)]))
  }

  observations(signal: AbortSignal): AsyncIterable<readonly Observation[]> {
    return this.#box.read(signal)
  }

  async ack(observed: readonly Observation[]): Promise<void> {
    const byCell = new Map<string, string[]>()
    for (const observation of observed) {
      if (!this.#box.ack(observation.receipt)) continue
      if (observation.kind === 'exited') this.#table.forget(observation.attempt)
      const slash = observation.receipt.indexOf('/')
      const cell = observation.receipt.slice(0, slash)
      const list = byCell.get(cell) ?? []
      list.push(observation.receipt.slice(slash + 1))
      byCell.set(cell, list)
    }
    for (const [cell, receipts] of byCell) this.#ackCell(cell, receipts)
  }

  async close(allocation: AllocationId): Promise<void> {
    this.#holders.delete(allocation)
    const ready = [...this.#links.values()].filter((link) => link.ready)
    const answers = await Promise.all(ready.map((link) => link.call((call) => ({ do: 'close', call, allocation }))))
    const problem = answers.find((answer) => answer?.problem !== undefined)?.problem
    if (problem !== undefined) throw new Error(`allocation ${allocation} could not be closed: ${problem}`)
    await rm(join(this.#directory, 'allocations', directoryNameOf(allocation)), { recursive: true, force: true })
    this.#trash.empty()
  }

  async removeShared(tenant: Tenant, source: string): Promise<void> {
    new SharedDirectories(join(this.#directory, 'shared')).remove(tenant, source, join(this.#directory, 'trash'))
    this.#trash.empty()
  }

  async stats(attempt: AttemptId): Promise<Stats | undefined> {
    const link = this.#links.get(this.#table.cellOf(attempt) ?? '')
    return (await link?.call((call) => ({ do: 'stats', call, attempt })))?.stats
  }

  async exec(attempt: AttemptId, request: ExecRequest): Promise<ExecSession> {
    const link = this.#links.get(this.#table.cellOf(attempt) ?? '')
    if (link === undefined || this.#table.see(attempt)?.as !== 'running')
      throw new EngineError('conflict', `attempt ${attempt} does not run`, { subject: 'attempt', id: attempt })
    if (request.terminal !== undefined)
      throw new EngineError('invalid', 'the process executor has no terminals', { field: 'terminal' })
    return openExecSession(link, attempt, request)
  }

  async endAll(): Promise<void> {
    const links = [...this.#links.values()]
    for (const link of links) link.send({ do: 'end' })
    await Promise.all(links.map((link) => this.#untilGone(link)))
    this.#trash.empty()
    await this.#chores.done()
  }

  async detach(): Promise<void> {
    this.#letGo()
    await this.#chores.done()
    const links = [...this.#links.values()]
    // A cell that holds nothing has nobody to wait for.
    for (const link of links) link.send({ do: 'retire' })
    await Promise.all(links.map((link) => link.detach()))
  }

  /** For tests of crashes: vanishes without a word, as `kill -9` of the server would. */
  abandon(): void {
    this.#letGo()
    for (const link of this.#links.values()) link.drop()
  }

  /** Pids of the cells that live now; for tests and `doctor`. */
  cells(): readonly { readonly cell: string; readonly pid: number; readonly running: number }[] {
    return [...this.#links.values()].map(({ cell, pid, running }) => ({ cell, pid: pid ?? 0, running: running.size }))
  }

  #letGo(): void {
    this.#detached = true
    clearInterval(this.#housekeeping)
    this.#trash.stop()
  }

  readonly #events = {
    hello: (link: CellLink, hello: Hello): void => {
      link.running.clear()
      for (const [attempt, startedAt] of hello.running) {
        link.running.add(attempt)
        this.#table.run(attempt as AttemptId, link.cell, startedAt)
      }
      for (const allocation of [...(hello.networks ?? []), ...(hello.disks ?? [])])
        this.#holders.set(allocation as AllocationId, link.cell)
      for (const attempt of hello.tombstones) this.#table.bury(attempt as AttemptId, link.cell)
      this.#options.onWriter?.connected(link.cell)
      link.idleSince = link.running.size === 0 ? Date.now() : undefined
    },
    taken: (attempts: readonly string[]): void => {
      for (const attempt of attempts) this.#table.confirm(attempt as AttemptId)
    },
    seen: (link: CellLink, observations: readonly CellObservation[]): void => {
      for (const { receipt, ...sight } of observations) this.#note(link, `${link.cell}/${receipt}`, sight)
    },
    log: (notice: LogNotice): void => this.#options.onLog?.(notice),
    gone: (link: CellLink): void => {
      if (!this.#detached) this.#chores.add(this.#rejoin(link))
    },
  }

  #note(link: CellLink | undefined, receipt: string, sight: Omit<CellObservation, 'receipt'>): void {
    const observation = { ...sight, receipt } as Observation
    const cell = receipt.slice(0, receipt.indexOf('/'))
    if (observation.kind === 'started') this.#table.run(observation.attempt, cell, observation.at)
    if (observation.kind === 'exited') {
      this.#table.end(observation.attempt, cell, observation)
      link?.running.delete(observation.attempt)
      if (link !== undefined && link.running.size === 0) link.idleSince = Date.now()
      if (observation.closed) this.#trash.emptySoon()
    }
    this.#box.put(observation)
  }

  #see(attempt: AttemptId, allKnown: boolean): Seen {
    const seen = this.#table.see(attempt)
    if (seen === undefined) return { as: allKnown ? 'never' : 'unknown' }
    const link = this.#links.get(this.#table.cellOf(attempt)!)
    return seen.as === 'exited' || link?.ready ? seen : { as: 'unknown' }
  }

  #ackCell(cell: string, receipts: readonly string[]): void {
    this.#links.get(cell)?.send({ do: 'ack', receipts: receipts.map(Number) })
    const dead = this.#dead.get(cell)
    if (dead === undefined) return
    for (const receipt of receipts) dead.owed.delete(receipt)
    if (dead.owed.size > 0) return
    this.#dead.delete(cell)
    this.#chores.add(forgetDeadCell(dead.cell))
  }

  /** The fullest cell that still has room: few cells cost little memory. */
  #accepting(): CellLink | undefined {
    let best: CellLink | undefined
    for (const link of this.#links.values()) {
      if (!link.ready || link.draining || link.running.size >= this.#limit) continue
      if (best === undefined || link.running.size > best.running.size) best = link
    }
    return best
  }

  #spare(): CellLink | undefined {
    const half = this.#limit / 2
    return [...this.#links.values()].find((link) => link.ready && !link.draining && link.running.size < half)
  }

  #launch(): Promise<CellLink> {
    this.#launching ??= this.#fleet
      .launch(this.#events)
      .then((link) => {
        this.#links.set(link.cell, link)
        return link
      })
      .finally(() => {
        this.#launching = undefined
      })
    return this.#launching
  }

  /** The connection broke: the cell lives and is found again, or is dead and its journal speaks. */
  async #rejoin(link: CellLink): Promise<void> {
    if (await this.#fleet.reach(link)) return this.#table.settleTaking(link.cell, link.running)
    if (this.#detached) return
    this.#links.delete(link.cell)
    await this.#recoverSurely(this.#fleet.bury(link))
    this.#table.settleTaking(link.cell, new Set())
  }

  /** At a start: a dead cell whose programs take long to die is waited for by `inspect`, not by everybody. */
  async #recoverBehind(grave: string): Promise<void> {
    const recovered = this.#recoverSurely(grave)
    this.#chores.add(recovered)
    await Promise.race([recovered, delay(RECOVERY_WAIT_MS)])
  }

  async #recoverSurely(grave: string): Promise<void> {
    this.#graves.add(grave)
    while (!this.#detached && !(await this.#recovered(grave))) await delay(RECOVERY_RETRY_MS)
    this.#graves.delete(grave)
  }

  /** False when something outlives SIGKILL: it is not lost before it is dead. */
  async #recovered(directory: string): Promise<boolean> {
    try {
      await this.#recover(directory)
      return true
    } catch (error) {
      this.#options.onProblem?.(error)
      return false
    }
  }

  async #recover(directory: string): Promise<void> {
    const dead = await recoverDeadCell(directory)
    for (const allocation of dead.closed)
      await rm(join(this.#directory, 'allocations', directoryNameOf(allocation)), { recursive: true, force: true })
    const owed = dead.observations.filter(({ attempt }) => !this.#table.wasForgotten(attempt))
    const numbers = owed.map(({ receipt }) => receipt.slice(dead.cell.length + 1))
    this.#dead.set(dead.cell, { cell: dead, owed: new Set(numbers) })
    for (const { receipt, ...sight } of owed) this.#note(undefined, receipt, sight as Omit<CellObservation, 'receipt'>)
    for (const attempt of dead.tombstones) {
      this.#table.forgetCell(attempt as AttemptId)
      await this.stop(attempt as AttemptId, { signal: 'SIGTERM', graceMs: 0 })
    }
    this.#ackCell(dead.cell, [])
    this.#options.onWriter?.ended(dead.cell)
  }

  /** Cells without work for a while end, save one. */
  #keepHouse(): void {
    this.#fleet.reap()
    const now = Date.now()
    const idle = [...this.#links.values()].filter((link) => now - (link.idleSince ?? now) > IDLE_MS)
    const keep = this.#links.size === idle.length ? idle.findIndex((link) => !link.draining) : -1
    idle.forEach((link, i) => {
      if (i !== keep) link.send({ do: 'retire' })
    })
  }

  async #untilGone(link: CellLink): Promise<void> {
    while (this.#links.has(link.cell) && !this.#detached) await delay(10)
  }
}
