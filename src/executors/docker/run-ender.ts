import type { ContainerInspectInfo } from 'dockerode'
import { reason } from '../../core/reason.ts'
import type { ContainerEngine } from './container-engine.ts'
import type { ContainerRun } from './container-run.ts'
import { isAway } from './engine-failure.ts'
import { exitOf, instantOf } from './exit-of.ts'
import type { ExitSeen, Journal } from './journal.ts'
import type { LogFollower } from './log-follower.ts'
import type { LogOutlet } from './log-outlet.ts'
import { downloadOutputs } from './outputs.ts'
import type { Places } from './places.ts'

export interface EnderParts {
  readonly engine: ContainerEngine
  readonly journal: Journal
  readonly outlet: LogOutlet
  readonly places: Places
}

/** How long the log of a dead container may take to come to its end, ms. */
const LOG_PATIENCE_MS = 10_000

/**
 * Makes an exit of a container that has ended: its log to the end, its outputs, its code; then into the journal; then,
 * with the allocation's last attempt, everything is removed. May be begun again after a crash at any point.
 */
export class RunEnder {
  readonly #parts: EnderParts

  constructor(parts: EnderParts) {
    this.#parts = parts
  }

  /** The exit, journaled. Rejects only when no engine answers. */
  async end(
    run: ContainerRun,
    container: ContainerInspectInfo | undefined,
    log: LogFollower | undefined,
  ): Promise<ExitSeen> {
    const journaled = this.#parts.journal.exits.get(run.attempt)
    if (journaled !== undefined) return this.record(run, journaled)
    if (log !== undefined) await withinMs(log.rest(), LOG_PATIENCE_MS)
    run.log ??= this.#parts.outlet.end(run.terms.tenant, run.attempt)
    const seen = container === undefined ? lost(run, run.log) : await this.#exited(run, container, run.log)
    return this.record(run, seen)
  }

  /** Journals an exit and closes the allocation when it was its last one. */
  async record(run: ContainerRun, seen: ExitSeen): Promise<ExitSeen> {
    const written = this.#parts.journal.exit(seen)
    if (!run.terms.closesAllocation || !written) return seen
    try {
      await this.#parts.places.close(run.terms.allocation)
    } catch (error) {
      if (isAway(error)) throw error
      return seen
    }
    const closed = { ...seen, closed: true }
    this.#parts.journal.exit(closed)
    return closed
  }

  async #exited(run: ContainerRun, { State }: ContainerInspectInfo, log: string): Promise<ExitSeen> {
    const startedAt = instantOf(State.StartedAt) ?? run.startedAt
    const outputs = await this.#outputs(run)
    return {
      attempt: run.attempt,
      receipt: exitReceipt(run),
      at: instantOf(State.FinishedAt) ?? Date.now(),
      kind: 'exited',
      exit: exitOf(run, State),
      ...(startedAt !== undefined && { startedAt }),
      ...(Object.keys(run.usage).length > 0 && { usage: { ...run.usage } }),
      ...outputs,
      log,
    }
  }

  async #outputs(run: ContainerRun): Promise<Pick<ExitSeen, 'outputs' | 'outputsProblem'>> {
    try {
      return await downloadOutputs(this.#parts.engine, run.name, run.attempt)
    } catch (error) {
      if (isAway(error)) throw error
      return { outputsProblem: 'the outputs file cannot be read' }
    }
  }
}

export const exitReceipt = (run: ContainerRun): string => `exited/${run.attempt}`

/** Somebody removed the container: nothing of it is left to run. */
function lost(run: ContainerRun, log: string): ExitSeen {
  return {
    attempt: run.attempt,
    receipt: exitReceipt(run),
    at: Date.now(),
    kind: 'exited',
    exit: { outcome: 'lost', reason: reason('executor_lost', 'its container was removed by somebody else') },
    ...(run.startedAt !== undefined && { startedAt: run.startedAt }),
    log,
  }
}

async function withinMs(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))])
  clearTimeout(timer)
}
