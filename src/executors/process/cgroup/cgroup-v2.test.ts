/**
 * What is asked of a v2 tree, on a directory that plays one: a machine has either version, and the suites that run programs
 * (process-limits.test.ts) use whichever it has.
 */
import { closeSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Resources } from '../../../core/resources.ts'
import type { CgroupHandle } from './cgroup.ts'
import { CgroupsV2, weightOf } from './cgroup-v2.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'taskport-cgroup-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const MIB = 1024 * 1024
const parent = (): string => join(root, 'taskport-cell')
const make = (resources: Resources): CgroupHandle =>
  new CgroupsV2(
    { version: 'v2', kill: root, memory: root, cpu: root, pids: root, swapAccounting: true },
    'cell',
  ).create('a1', resources)
const said = (file: string, group = 'a1'): string | undefined => {
  const path = join(parent(), group, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

it('sets every limit that was asked for, before anybody joins, and no other', () => {
  make({ memoryBytes: 64 * MIB, reservedMemoryBytes: 32 * MIB, cpuUnits: 1024, cpuLimitUnits: 512, pids: 20 })
  const files = ['memory.max', 'memory.swap.max', 'memory.oom.group', 'memory.low', 'cpu.weight', 'cpu.max', 'pids.max']
  expect(files.map((file) => said(file))).toEqual([
    String(64 * MIB),
    '0',
    '1',
    String(32 * MIB),
    '39',
    '50000 100000',
    '20',
  ])
  rmSync(join(parent(), 'a1'), { recursive: true })
  make({ pids: 5 })
  expect(files.map((file) => said(file)).filter((text) => text !== undefined)).toEqual(['5'])
})

it('hands the controllers down, and lists what the cell started outside of any group', () => {
  make({})
  expect(said('cgroup.subtree_control', '')).toBe('+pids')
  expect(said('cgroup.procs', 'self')).toBe('0')
})

it('is joined by writing to a descriptor, killed as a whole, and tells what was used', () => {
  const group = make({ memoryBytes: 64 * MIB })
  const at = (file: string): string => join(parent(), 'a1', file)
  for (const fd of group.join()) {
    writeSync(fd, '0')
    closeSync(fd)
  }
  expect(said('cgroup.procs')).toBe('0')
  group.kill()
  expect(said('cgroup.kill')).toBe('1')
  writeFileSync(at('memory.events'), 'low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\n')
  writeFileSync(at('cpu.stat'), 'usage_usec 1234\nuser_usec 1000\nsystem_usec 234\n')
  writeFileSync(at('memory.current'), '4096\n')
  writeFileSync(at('memory.peak'), '8192\n')
  writeFileSync(at('pids.current'), '3\n')
  expect(group.usage()).toEqual({ oomKills: 1, cpuMicros: 1234, memoryBytes: 4096, peakMemoryBytes: 8192, pids: 3 })
  // A kernel without memory.peak (before 5.19) tells what it has.
  rmSync(at('memory.peak'))
  expect(group.usage()).not.toHaveProperty('peakMemoryBytes')
})

it('is gone only when it is: someone in it is told apart', () => {
  const group = make({})
  mkdirSync(join(parent(), 'a1', 'below'))
  expect(group.remove()).toBe(false)
  rmSync(join(parent(), 'a1'), { recursive: true })
  expect(group.remove()).toBe(true)
})

it.each([
  [2, 1],
  [128, 5],
  [1_024, 39],
  [262_144, 10_000],
  [1, 1],
  [1_000_000, 10_000],
])('%i units of CPU are the weight %i', (units, weight) => expect(weightOf(units)).toBe(weight))
