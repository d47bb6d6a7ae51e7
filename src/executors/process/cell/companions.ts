import type { Progress } from '../../../core/execution.ts'
import type { Stats, Work } from '../../../core/ports/executor.ts'
import type { Resources } from '../../../core/resources.ts'
import type { CellConfig } from '../protocol.ts'
import { DiskWatch } from './disk-watch.ts'
import { HealthChecker } from './health-checker.ts'
import { ProgressWatch } from './progress-watch.ts'
import type { Reactor } from './reactor.ts'
import type { Run } from './run.ts'
import type { SideProcesses } from './side-process.ts'
import type { Stopper } from './stopper.ts'
import { treeUsages } from './tree-usage.ts'
import { wallMicros } from './wall-clock.ts'
import { Watchdog } from './watchdog.ts'

export interface CompanionParts {
  readonly config: CellConfig
  readonly reactor: Reactor
  readonly stopper: Stopper
  readonly sides: SideProcesses
  readonly runs: ReadonlyMap<string, Run>
  readonly devNull: number
  readonly health: (run: Run, health: 'healthy' | 'unhealthy') => void
  readonly progress: (run: Run, progress: Progress) => void
}

/** What goes on beside a program while it runs: health checks, progress, and a watchdog where nothing is enforced. */
export class Companions {
  readonly #parts: CompanionParts
  readonly #watchdog: Watchdog
  readonly #diskWatch: DiskWatch
  readonly #progress: ProgressWatch

  constructor(parts: CompanionParts) {
    this.#parts = parts
    this.#watchdog = new Watchdog(parts.reactor, parts.stopper)
    this.#diskWatch = new DiskWatch(parts.reactor, parts.stopper)
    this.#progress = new ProgressWatch(parts.reactor, parts.runs, parts.progress)
  }

  begin(run: Run, work: Work): void {
    const { reactor, sides, devNull, health } = this.#parts
    if (run.progressPath !== undefined) this.#progress.wake()
    this.#watchdog.watch(run, this.#notEnforced(run, work.resources))
    const { disk, diskBytes } = run.place
    if (disk === undefined && diskBytes !== undefined) this.#diskWatch.watch(run, diskBytes)
    const check = work.run.health
    if (check !== undefined)
      run.extras = new HealthChecker(run, check, reactor, sides, devNull, (verdict) => health(run, verdict))
  }

  /** Limits that no control group of this run keeps. */
  #notEnforced(run: Run, resources: Resources): Resources {
    const { memory, pids } = this.#parts.config.host.cgroups
    const { memoryBytes, pids: most } = resources
    return {
      ...(memoryBytes !== undefined && (run.cgroup === undefined || memory === undefined) ? { memoryBytes } : {}),
      ...(most !== undefined && (run.cgroup === undefined || pids === undefined) ? { pids: most } : {}),
    }
  }

  end(run: Run): void {
    run.extras?.end()
    this.#watchdog.forget(run)
    this.#diskWatch.forget(run)
    if (run.started) this.#progress.look(run)
    this.#progress.forget(run)
  }

  /** Present use: the control group's where there is one, else that of all processes below. */
  stats(run: Run): Stats {
    const tree = treeUsages([run.pid]).get(run.pid)
    const group = run.cgroup?.usage()
    const memoryBytes = group?.memoryBytes ?? tree?.memoryBytes ?? 0
    const pids = group?.pids ?? tree?.pids
    return {
      at: wallMicros(),
      cpuMicros: group?.cpuMicros ?? tree?.cpuMicros ?? 0,
      memoryBytes,
      ...(group?.peakMemoryBytes === undefined ? {} : { peakMemoryBytes: group.peakMemoryBytes }),
      ...(pids === undefined ? {} : { pids }),
    }
  }
}
