import { join } from 'node:path'
import type { CgroupFacts } from '../host-facts.ts'
import type { Cgroups } from './cgroup.ts'
import { CgroupsV1, groupOf } from './cgroup-v1.ts'
import { CgroupsV2 } from './cgroup-v2.ts'
import { killGroup, removeTree } from './control-files.ts'

/** The groups of a cell; undefined where the host allows none. */
export function openCgroups(facts: CgroupFacts, cell: string): Cgroups | undefined {
  if (facts.version === 'v2') return new CgroupsV2(facts, cell)
  if (facts.version === 'v1') return new CgroupsV1(facts, cell)
  return undefined
}

const rootsOf = (facts: CgroupFacts): string[] =>
  [...new Set([facts.kill, facts.memory, facts.cpu, facts.pids])].filter((root) => root !== undefined)

/** Kills all that lives in a dead cell's groups. */
export function killCgroupsOf(facts: CgroupFacts, cell: string): void {
  for (const root of rootsOf(facts)) killGroup(join(root, groupOf(cell)))
}

/** Removes a dead cell's groups. False while something in them is still dying. */
export const removeCgroupsOf = (facts: CgroupFacts, cell: string): boolean =>
  rootsOf(facts)
    .map((root) => removeTree(join(root, groupOf(cell))))
    .every(Boolean)
