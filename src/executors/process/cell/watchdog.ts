import { reason } from '../../../core/reason.ts'
import type { Resources } from '../../../core/resources.ts'
import { monotonicMs, type Reactor } from './reactor.ts'
import type { Run } from './run.ts'
import type { Stopper } from './stopper.ts'
import type { Timer } from './timer-heap.ts'
import { treeUsages } from './tree-usage.ts'

interface Watched {
  readonly run: Run
  readonly memoryBytes: number
  readonly pids: number
}

/**
 * Where the host lets us make no control groups: looks at what programs use twice a second and kills those above
 * their limits. Watched, not enforced: a fast program gets above before it dies.
 */
export class Watchdog {
  readonly #reactor: Reactor
  readonly #stopper: Stopper
  readonly #watched = new Map<Run, Watched>()
  #timer: Timer | undefined

  constructor(reactor: Reactor, stopper: Stopper) {
    this.#reactor = reactor
    this.#stopper = stopper
  }

  watch(run: Run, resources: Resources): void {
    const memoryBytes = resources.memoryBytes ?? Number.POSITIVE_INFINITY
    const pids = resources.pids ?? Number.POSITIVE_INFINITY
    if (memoryBytes === Number.POSITIVE_INFINITY && pids === Number.POSITIVE_INFINITY) return
    this.#watched.set(run, { run, memoryBytes, pids })
    this.#plan(50)
  }

  forget(run: Run): void {
    this.#watched.delete(run)
  }

  #plan(afterMs: number): void {
    if (this.#watched.size === 0) return
    this.#timer ??= this.#reactor.timers.at(monotonicMs() + afterMs, () => {
      this.#timer = undefined
      this.#look()
      this.#plan(500)
    })
  }

  #look(): void {
    const usages = treeUsages([...this.#watched.keys()].map((run) => run.pid))
    for (const { run, memoryBytes, pids } of this.#watched.values()) {
      const usage = usages.get(run.pid)
      if (usage === undefined || run.rootStatus !== undefined) continue
      run.peakBytes = Math.max(run.peakBytes, usage.memoryBytes)
      if (usage.memoryBytes > memoryBytes) this.#end(run, true)
      else if (usage.pids > pids) this.#end(run, false)
    }
  }

  #end(run: Run, outOfMemory: boolean): void {
    run.overLimit = outOfMemory
      ? reason('out_of_memory', 'the step used more memory than its limit and was killed')
      : reason('resource_unavailable', 'the step started more processes than its limit and was killed')
    this.#stopper.kill(run)
  }
}
