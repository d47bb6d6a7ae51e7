import type { Resources } from '../../../core/resources.ts'

/**
 * Control groups for the attempts of one cell, whatever version the host has.
 *
 * G1. A limit is in force before the program's first instruction: the launcher puts itself into the group (by writing
 *     `0` to the descriptors of `join`) before it becomes the program.
 * G2. `remove` leaves nothing behind: what still lives in the group is killed first.
 */
export interface Cgroups {
  /** A group with the limits of `resources`. Throws when the host refuses. */
  create(name: string, resources: Resources): CgroupHandle
  /** Pids of all that descend from the cell and have no group of their own; undefined where the cell has none. */
  strays(): readonly number[] | undefined
}

export interface CgroupHandle {
  readonly name: string
  /** Opens the `cgroup.procs` files that a joining process writes to. The caller closes them. */
  join(): number[]
  /** Kills everything inside, now and for sure. */
  kill(): void
  usage(): CgroupUsage
  /** False while something in it is still dying; call again. */
  remove(): boolean
}

export interface CgroupUsage {
  readonly cpuMicros?: number
  readonly memoryBytes?: number
  readonly peakMemoryBytes?: number
  readonly pids?: number
  /** Processes that the kernel killed in it for want of memory. */
  readonly oomKills: number
}
