import type { ContainerEngine } from './container-engine.ts'
import type { ContainerRun } from './container-run.ts'
import { statsOf } from './stats.ts'

/** Between two looks, ms: soon at first, since most of what is short is over soon. */
const FIRST_PAUSE_MS = 400
const LONGEST_PAUSE_MS = 5_000

/**
 * Notes what running containers use. An engine forgets a container's figures with its end, so they are what the last
 * look saw: a little less than the truth, and nothing for what ended before the first look.
 */
export class UsageSampler {
  readonly #engine: ContainerEngine
  readonly #life: AbortSignal

  constructor(engine: ContainerEngine, life: AbortSignal) {
    this.#engine = engine
    this.#life = life
  }

  follow(run: ContainerRun, pauseMs = FIRST_PAUSE_MS): void {
    run.usageTimer = setTimeout(() => {
      void this.#look(run).finally(() => {
        if (run.phase === 'running' && !this.#life.aborted) this.follow(run, Math.min(2 * pauseMs, LONGEST_PAUSE_MS))
      })
    }, pauseMs)
  }

  /** Whatever keeps it from an answer, the next look may have one. */
  async #look(run: ContainerRun): Promise<void> {
    try {
      const { cpuMicros, memoryBytes, peakMemoryBytes } = statsOf(await this.#engine.stats(run.name))
      if (run.phase !== 'running' || cpuMicros === 0) return
      const peak = Math.max(run.usage.peakMemoryBytes ?? 0, peakMemoryBytes ?? memoryBytes)
      run.usage = {
        cpuMicros: Math.max(cpuMicros, run.usage.cpuMicros ?? 0),
        ...(peak > 0 && { peakMemoryBytes: peak }),
      }
    } catch {
      return
    }
  }
}
