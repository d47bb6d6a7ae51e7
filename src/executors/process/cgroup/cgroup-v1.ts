import { join } from 'node:path'
import type { Resources } from '../../../core/resources.ts'
import type { CgroupFacts } from '../host-facts.ts'
import type { CgroupHandle, Cgroups, CgroupUsage } from './cgroup.ts'
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

/**
 * One hierarchy per controller (cgroups(7), kernel's cgroup-v1/*.rst), plus a v2 tree without controllers for
 * `cgroup.kill` where there is one. Only hierarchies whose limits are asked for get a group: each costs a migration.
 */
export class CgroupsV1 implements Cgroups {
  readonly #facts: CgroupFacts
  readonly #cell: string
  readonly #own: string | undefined

  constructor(facts: CgroupFacts, cell: string) {
    this.#facts = facts
    this.#cell = cell
    this.#own = ownGroup(facts, cell)
  }

  create(name: string, resources: Resources): CgroupHandle {
    const facts = this.#facts
    const place = (root: string): string => makeGroup(join(root, groupOf(this.#cell), name))
    const made: { memory?: string; cpu?: string; pids?: string; kill?: string } = {}
    if (resources.memoryBytes !== undefined && facts.memory !== undefined) {
      made.memory = place(facts.memory)
      limitMemory(made.memory, resources, facts.swapAccounting)
    }
    if ((resources.cpuUnits !== undefined || resources.cpuLimitUnits !== undefined) && facts.cpu !== undefined) {
      made.cpu = place(facts.cpu)
      limitCpu(made.cpu, resources)
    }
    if (resources.pids !== undefined && facts.pids !== undefined) {
      made.pids = place(facts.pids)
      writeControl(made.pids, 'pids.max', resources.pids)
    }
    if (facts.kill !== undefined) made.kill = place(facts.kill)
    return new GroupV1(name, made)
  }

  strays(): readonly number[] | undefined {
    return this.#own === undefined ? undefined : pidsIn(this.#own)
  }
}

/** Name of a cell's parent group in every hierarchy. */
export const groupOf = (cell: string): string => `taskport-${cell}`

/** Puts the cell, and so all that it starts, into a group whose members can be listed. */
export function ownGroup(facts: CgroupFacts, cell: string): string | undefined {
  if (facts.kill === undefined) return undefined
  const own = join(facts.kill, groupOf(cell), 'self')
  try {
    makeGroup(own)
    writeControl(own, 'cgroup.procs', 0)
    return own
  } catch {
    return undefined
  }
}

function limitMemory(directory: string, resources: Resources, swapAccounting: boolean): void {
  writeControl(directory, 'memory.limit_in_bytes', resources.memoryBytes!)
  // memory+swap can only be set at or above memory, hence after it.
  if (swapAccounting) writeControl(directory, 'memory.memsw.limit_in_bytes', resources.memoryBytes!)
  else tryControl(directory, 'memory.swappiness', 0)
  if (resources.reservedMemoryBytes !== undefined)
    tryControl(directory, 'memory.soft_limit_in_bytes', resources.reservedMemoryBytes)
}

function limitCpu(directory: string, resources: Resources): void {
  // The kernel takes shares from 2 to 262144, 1024 being the default weight of one group.
  if (resources.cpuUnits !== undefined)
    writeControl(directory, 'cpu.shares', Math.min(262_144, Math.max(2, resources.cpuUnits)))
  if (resources.cpuLimitUnits === undefined) return
  writeControl(directory, 'cpu.cfs_period_us', PERIOD_MICROS)
  writeControl(
    directory,
    'cpu.cfs_quota_us',
    Math.max(1000, Math.round((resources.cpuLimitUnits / 1024) * PERIOD_MICROS)),
  )
}

interface GroupsMade {
  readonly memory?: string
  readonly cpu?: string
  readonly pids?: string
  readonly kill?: string
}

class GroupV1 implements CgroupHandle {
  readonly name: string
  readonly #made: GroupsMade

  constructor(name: string, made: GroupsMade) {
    this.name = name
    this.#made = made
  }

  join(): number[] {
    return this.#all().map(openProcs)
  }

  kill(): void {
    for (const directory of this.#made.kill !== undefined ? [this.#made.kill] : this.#all()) killGroup(directory)
  }

  usage(): CgroupUsage {
    const { memory, pids } = this.#made
    if (memory === undefined) return { oomKills: 0, ...present({ pids: pids && readNumber(pids, 'pids.current') }) }
    return {
      oomKills: readKey(memory, 'memory.oom_control', 'oom_kill') ?? 0,
      ...present({
        memoryBytes: readNumber(memory, 'memory.usage_in_bytes'),
        peakMemoryBytes: readNumber(memory, 'memory.max_usage_in_bytes'),
        pids: pids && readNumber(pids, 'pids.current'),
      }),
    }
  }

  remove(): boolean {
    this.kill()
    return this.#all().map(removeGroup).every(Boolean)
  }

  #all(): string[] {
    const { memory, cpu, pids, kill } = this.#made
    return [memory, cpu, pids, kill].filter((directory) => directory !== undefined)
  }
}

/** Without the keys that have no value. */
export function present(values: Record<string, number | '' | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}
