import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import type { AttemptId } from '../../core/identity.ts'
import type { Observation } from '../../core/ports/executor.ts'
import { reason } from '../../core/reason.ts'
import { type JournalEntry, readJournal } from './cell/journal.ts'
import { killLeftovers, type Leftover } from './kill-leftovers.ts'
import { currentBoot, identityOf, isSameProcess } from './process-identity.ts'

/** What a dead cell owed: read from its journal, kept until all of it is acknowledged. */
export interface DeadCell {
  readonly cell: string
  readonly directory: string
  readonly observations: readonly Observation[]
  readonly tombstones: readonly string[]
  /** Allocations that ended with the lost attempts. */
  readonly closed: readonly string[]
}

interface Fate {
  take?: Extract<JournalEntry, { k: 'take' }>
  run?: Extract<JournalEntry, { k: 'run' }>
  exit?: Extract<JournalEntry, { k: 'exit' }>
}

/**
 * Reads what a cell left and makes it true: what still ran is killed first (P4), then called lost. Doing it again,
 * after a crash of the server, gives the same.
 */
export async function recoverDeadCell(directory: string, killCgroup: (cell: string) => void): Promise<DeadCell> {
  const cell = basename(directory, '.dead')
  const identity = identityOf(directory)
  const rebooted = identity !== undefined && identity.boot !== currentBoot()
  if (identity !== undefined && isSameProcess(identity)) process.kill(identity.pid, 'SIGKILL')
  const { fates, tombstones } = foldJournal(readJournal(directory))
  if (!rebooted) {
    killCgroup(cell)
    await killLeftovers(new Set(openOf(fates)), leadersOf(fates))
  }
  const observations = [...fates].map(([attempt, fate]) => observationOf(cell, attempt, fate, rebooted))
  return { cell, directory, observations, tombstones, closed: closedOf(fates) }
}

/** All was acknowledged: nothing of the cell remains. */
export const forgetDeadCell = (dead: DeadCell): void => rmSync(dead.directory, { recursive: true, force: true })

function foldJournal(entries: readonly JournalEntry[]): {
  readonly fates: ReadonlyMap<string, Fate>
  readonly tombstones: readonly string[]
} {
  const fates = new Map<string, Fate>()
  const tombstones = new Set<string>()
  for (const entry of entries) {
    if (entry.k === 'tomb') tombstones.add(entry.a)
    else if (entry.k === 'done') fates.delete(entry.a)
    else fates.set(entry.a, { ...fates.get(entry.a), [entry.k]: entry })
  }
  for (const attempt of fates.keys()) tombstones.delete(attempt)
  return { fates, tombstones: [...tombstones] }
}

const openOf = (fates: ReadonlyMap<string, Fate>): string[] =>
  [...fates].filter(([, fate]) => fate.exit === undefined).map(([attempt]) => attempt)

const leadersOf = (fates: ReadonlyMap<string, Fate>): Leftover[] =>
  [...fates].flatMap(([attempt, { run, exit }]) =>
    run === undefined || exit !== undefined ? [] : [{ attempt, pid: run.pid, bornMs: run.b }],
  )

const closedOf = (fates: ReadonlyMap<string, Fate>): string[] =>
  [...fates.values()].flatMap(({ take, exit }) => (take?.c && exit === undefined ? [take.l] : []))

function observationOf(cell: string, attempt: string, fate: Fate, rebooted: boolean): Observation {
  const receipt = `${cell}/${attempt}`
  if (fate.exit !== undefined) return { ...(fate.exit.seen as Observation), receipt }
  const why = rebooted
    ? reason('machine_restarted', 'the machine restarted while the program ran')
    : reason('cell_died', 'the process that held the program died; what was left of the program has been killed')
  return {
    attempt: attempt as AttemptId,
    receipt,
    at: Date.now(),
    kind: 'exited',
    exit: { outcome: 'lost', reason: why },
    ...(fate.run === undefined ? {} : { startedAt: fate.run.at }),
    ...(fate.take?.c ? { closed: true } : {}),
  }
}
