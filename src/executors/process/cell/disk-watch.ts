import { sizeText } from '../../../core/quantity-text.ts'
import { reason } from '../../../core/reason.ts'
import { monotonicMs, type Reactor } from './reactor.ts'
import type { Run } from './run.ts'
import type { Stopper } from './stopper.ts'
import type { Timer } from './timer-heap.ts'
import { TreeSize } from './tree-size.ts'

/** Between two looks at the same workspace, ms, and between two parts of one look. */
const LOOK_MS = 500
const PART_MS = 10
/** Files in one part: a few ms. */
const PART_FILES = 500

/**
 * Where the host gives no limited disks: measures workspaces and kills the programs of one that holds more than it may.
 * Watched, not enforced: a fast program writes more before it dies.
 */
export class DiskWatch {
  readonly #reactor: Reactor
  readonly #stopper: Stopper
  readonly #timers = new Map<Run, Timer>()

  constructor(reactor: Reactor, stopper: Stopper) {
    this.#reactor = reactor
    this.#stopper = stopper
  }

  watch(run: Run, diskBytes: number): void {
    this.#look(run, diskBytes, new TreeSize(run.place.workspace), LOOK_MS)
  }

  forget(run: Run): void {
    this.#reactor.timers.cancel(this.#timers.get(run))
    this.#timers.delete(run)
  }

  #look(run: Run, diskBytes: number, size: TreeSize, afterMs: number): void {
    const timer = this.#reactor.timers.at(monotonicMs() + afterMs, () => {
      const bytes = size.look(PART_FILES)
      if (bytes === undefined) return this.#look(run, diskBytes, size, PART_MS)
      if (bytes > diskBytes) return this.#end(run, diskBytes)
      this.#look(run, diskBytes, new TreeSize(run.place.workspace), LOOK_MS)
    })
    this.#timers.set(run, timer)
  }

  #end(run: Run, diskBytes: number): void {
    const message = `the workspace held more than its limit of ${sizeText(diskBytes)}: the step was killed`
    run.overLimit = reason('disk_limit', message, { limitBytes: diskBytes })
    this.#stopper.kill(run)
  }
}
