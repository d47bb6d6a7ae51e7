import type { ContainerInfo } from 'dockerode'
import type { ContainerEngine } from './container-engine.ts'
import type { ContainerRun } from './container-run.ts'

const PAUSE_MS = 5_000
/** Podman says `stopped` of what is dead and not cleaned up yet. */
const ENDED = new Set(['exited', 'dead', 'stopped'])

export interface PatrolParts {
  readonly engine: ContainerEngine
  /** Of the containers that are ours. */
  readonly labels: Readonly<Record<string, string>>
  /** What is thought to run. */
  readonly running: () => readonly ContainerRun[]
  /** It does not run any more. */
  readonly ended: (run: ContainerRun) => void
  /** An engine answers. */
  readonly here: () => boolean
  readonly problem: (error: unknown) => void
}

/** Compares now and then what is thought to run with what the engine has: events can be lost, Podman's are at times. */
export class Patrol {
  readonly #parts: PatrolParts
  #timer: NodeJS.Timeout | undefined

  constructor(parts: PatrolParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#round(), PAUSE_MS).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** One look; answers all containers that are ours. */
  async look(): Promise<readonly ContainerInfo[]> {
    // Taken before the engine is asked: what starts meanwhile is not missed in its answer.
    const running = this.#parts.running()
    const found = await this.#parts.engine.list(this.#parts.labels)
    const states = new Map(found.map((container) => [nameOf(container), container.State]))
    for (const run of running) if (isOver(states.get(run.name))) this.#parts.ended(run)
    return found
  }

  async #round(): Promise<void> {
    const timer = this.#timer
    try {
      if (this.#parts.here() && this.#parts.running().length > 0) await this.look()
    } catch (error) {
      this.#parts.problem(error)
    }
    if (this.#timer === timer && timer !== undefined) this.start()
  }
}

/** `state` as the engine says it; undefined: there is no such container. */
export const isOver = (state: string | undefined): boolean => state === undefined || ENDED.has(state)

export const nameOf = (found: ContainerInfo): string => found.Names[0]?.replace(/^\//, '') ?? found.Id
