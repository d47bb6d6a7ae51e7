import { join } from 'node:path'
import type { Resources } from '../../../core/resources.ts'
import type { CgroupFacts } from '../host-facts.ts'
import type { CgroupHandle, Cgroups, CgroupUsage } from './cgroup.ts'
import { groupOf, ownGroup, present } from './cgroup-v1.ts'
import {
  killGroup,
  makeGroup,
  openProcs,
  pidsIn,
  readKey,
  readNumber,
  removeGroup,
  tryControl,
  writeControl,
} from './control-files.ts'

const PERIOD_MICROS = 100_000

/** One tree with all controllers (kernel's cgroup-v2.rst). Only leaves hold processes. */
export class CgroupsV2 implements Cgroups {
  readonly #parent: string
  readonly #own: string | undefined

  constructor(facts: CgroupFacts, cell: string) {
    this.#parent = makeGroup(join(facts.kill!, groupOf(cell)))
    for (const controller of ['memory', 'cpu', 'pids'])
      tryControl(this.#parent, 'cgroup.subtree_control', `+${controller}`)
    this.#own = ownGroup(facts, cell)
  }

  create(name: string, resources: Resources): CgroupHandle {
    const directory = makeGroup(join(this.#parent, name))
    if (resources.memoryBytes !== undefined) {
      writeControl(directory, 'memory.max', resources.memoryBytes)
      tryControl(directory, 'memory.swap.max', 0)
      // One process killed for memory ends the step as a whole: half a program is worse than none.
      tryControl(directory, 'memory.oom.group', 1)
    }
    if (resources.reservedMemoryBytes !== undefined) tryControl(directory, 'memory.low', resources.reservedMemoryBytes)
    if (resources.cpuUnits !== undefined) writeControl(directory, 'cpu.weight', weightOf(resources.cpuUnits))
    if (resources.cpuLimitUnits !== undefined) writeControl(directory, 'cpu.max', quotaOf(resources.cpuLimitUnits))
    if (resources.pids !== undefined) writeControl(directory, 'pids.max', resources.pids)
    return new GroupV2(name, directory)
  }

  strays(): readonly number[] | undefined {
    return this.#own === undefined ? undefined : pidsIn(this.#own)
  }
}

/** The mapping that container runtimes use: shares 2…262144 onto weights 1…10000. */
export function weightOf(units: number): number {
  const shares = Math.min(262_144, Math.max(2, units))
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142)
}

const quotaOf = (units: number): string =>
  `${Math.max(1000, Math.round((units / 1024) * PERIOD_MICROS))} ${PERIOD_MICROS}`

class GroupV2 implements CgroupHandle {
  readonly name: string
  readonly #directory: string

  constructor(name: string, directory: string) {
    this.name = name
    this.#directory = directory
  }

  join(): number[] {
    return [openProcs(this.#directory)]
  }

  kill(): void {
    killGroup(this.#directory)
  }

  usage(): CgroupUsage {
    const directory = this.#directory
    return {
      oomKills: readKey(directory, 'memory.events', 'oom_kill') ?? 0,
      ...present({
        cpuMicros: readKey(directory, 'cpu.stat', 'usage_usec'),
        memoryBytes: readNumber(directory, 'memory.current'),
        peakMemoryBytes: readNumber(directory, 'memory.peak'),
        pids: readNumber(directory, 'pids.current'),
      }),
    }
  }

  remove(): boolean {
    this.kill()
    return removeGroup(this.#directory)
  }
}
