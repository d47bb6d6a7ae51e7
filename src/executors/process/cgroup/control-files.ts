import { mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes one setting of a control group. Throws what the kernel answers. */
export const writeControl = (directory: string, file: string, value: string | number): void =>
  writeFileSync(join(directory, file), String(value))

/** Writes a setting that older kernels may lack. */
export function tryControl(directory: string, file: string, value: string | number): boolean {
  try {
    writeControl(directory, file, value)
    return true
  } catch {
    return false
  }
}

export function readControl(directory: string, file: string): string | undefined {
  try {
    return readFileSync(join(directory, file), 'latin1').trim()
  } catch {
    return undefined
  }
}

export function readNumber(directory: string, file: string): number | undefined {
  const value = Number(readControl(directory, file) ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

/** The value of `key` in a file of `key value` lines. */
export function readKey(directory: string, file: string, key: string): number | undefined {
  const match = new RegExp(`^${key} (\\d+)$`, 'm').exec(readControl(directory, file) ?? '')
  return match === null ? undefined : Number(match[1])
}

export const pidsIn = (directory: string): number[] =>
  (readControl(directory, 'cgroup.procs') ?? '').split('\n').filter(Boolean).map(Number)

export function makeGroup(directory: string): string {
  mkdirSync(directory, { recursive: true })
  return directory
}

export const openProcs = (directory: string): number => openSync(join(directory, 'cgroup.procs'), 'w')

/** False when someone is still in it. */
export function removeGroup(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

/** A group and all below it, deepest first. */
export function removeTree(directory: string): boolean {
  const below = groupsIn(directory).map(removeTree)
  return below.every(Boolean) && removeGroup(directory)
}

function groupsIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name))
  } catch {
    return []
  }
}

/** SIGKILL to everything in a group and below: atomic where the kernel has cgroup.kill (5.14), else a loop. */
export function killGroup(directory: string): void {
  if (tryControl(directory, 'cgroup.kill', 1)) return
  for (const pid of pidsIn(directory)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone meanwhile.
    }
  }
  for (const below of groupsIn(directory)) killGroup(below)
}
