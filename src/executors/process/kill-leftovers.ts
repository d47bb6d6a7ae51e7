import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { statOf, TICKS_PER_SECOND } from '../process-identity.ts'

/** A process that a dead cell started, as leader of a session. */
export interface Leftover {
  readonly attempt: string
  readonly pid: number
  /** Since boot, ms. */
  readonly bornMs: number
}

const PATIENCE_MS = 30_000

/**
 * Kills all that attempts of a dead cell left and resolves when it is gone: their sessions, and every process that
 * carries one of their ids, or the cell's own, in its environment (networks). Rejects when something outlives SIGKILL for half a minute (a process
 * stuck in the kernel): then nothing may be called lost yet.
 */
export async function killLeftovers(
  attempts: ReadonlySet<string>,
  leaders: readonly Leftover[],
  cell?: string,
): Promise<void> {
  const sessions = new Set(leaders.filter(isStillThere).map((leader) => leader.pid))
  for (let waited = 0; ; waited += 10) {
    const left = findLeftovers(attempts, sessions, cell)
    if (left.length === 0) return
    if (waited >= PATIENCE_MS) throw new Error(`processes outlive SIGKILL: ${left.join(', ')}`)
    for (const pid of left) killQuietly(pid)
    await delay(10)
  }
}

/** A session's number stays taken while anyone is in it; the leader's birth tells ours from a later one. */
function isStillThere(leader: Leftover): boolean {
  const stat = statOf(leader.pid)
  if (stat === undefined) return true
  const bornMs = (stat.startTicks * 1000) / TICKS_PER_SECOND
  return Math.abs(bornMs - leader.bornMs) < 500
}

function findLeftovers(
  attempts: ReadonlySet<string>,
  sessions: ReadonlySet<number>,
  cell: string | undefined,
): readonly number[] {
  const left: number[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const stat = statOf(pid)
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') continue
    const isCells = cell !== undefined && variableOf(pid, 'TASKPORT_CELL') === cell
    if (isCells || sessions.has(stat.session) || attempts.has(markerOf(pid) ?? '')) left.push(pid)
  }
  return left
}

/** The attempt that a process says it belongs to. */
export const markerOf = (pid: number): string | undefined => variableOf(pid, 'TASKPORT_ATTEMPT')

function variableOf(pid: number, name: string): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
    return new RegExp(`(?:^|\0)${name}=([^\0]*)`).exec(environment)?.[1]
  } catch {
    return undefined
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone meanwhile.
  }
}
