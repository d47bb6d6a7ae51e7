import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A process across crashes: a pid alone may name another one by now. */
export interface ProcessIdentity {
  readonly pid: number
  readonly boot: string
  /** Start time in clock ticks since boot (proc_pid_stat(5), field 22). */
  readonly startTicks: number
}

export interface ProcessStat {
  readonly state: string
  readonly parent: number
  readonly session: number
  readonly startTicks: number
}

/** Clock ticks per second: 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100

export const currentBoot = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** Undefined when there is no such process. */
export function statOf(pid: number): ProcessStat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The name may hold blanks and parentheses: fields count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0]!,
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  }
}

/** This process, for the file that `identityOf` reads. */
export const ownIdentity = (): ProcessIdentity => ({
  pid: process.pid,
  boot: currentBoot(),
  startTicks: statOf(process.pid)?.startTicks ?? 0,
})

/** What a cell wrote into its directory; undefined when it never got that far. */
export function identityOf(directory: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, 'identity'), 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}

/** Whether that very process still lives (a zombie does not). */
export function isSameProcess(identity: ProcessIdentity): boolean {
  if (identity.boot !== currentBoot()) return false
  const stat = statOf(identity.pid)
  return stat !== undefined && stat.startTicks === identity.startTicks && stat.state !== 'Z' && stat.state !== 'X'
}
