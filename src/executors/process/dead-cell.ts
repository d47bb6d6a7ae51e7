import { readFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AttemptId } from '../../core/identity.ts'
import type { Observation } from '../../core/ports/executor.ts'
import { reason } from '../../core/reason.ts'
import { currentBoot, identityOf, isSameProcess } from '../process-identity.ts'
import { type JournalEntry, readJournal } from './cell/journal.ts'
import { killCgroupsOf, removeCgroupsOf } from './cgroup/open-cgroups.ts'
import type { CgroupFacts } from './host-facts.ts'
import { killLeftovers, type Leftover } from './kill-leftovers.ts'
import type { CellConfig, CellObservation } from './protocol.ts'

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
export async function recoverDeadCell(directory: string): Promise<DeadCell> {
  const cell = basename(directory, '.dead')
  const identity = identityOf(directory)
  const rebooted = identity !== undefined && identity.boot !== currentBoot()
  if (identity !== undefined && isSameProcess(identity)) process.kill(identity.pid, 'SIGKILL')
  const { fates, tombstones } = foldJournal(readJournal(directory))
  if (!rebooted) {
    killCgroupsOf(cgroupFactsOf(directory), cell)
    await killLeftovers(new Set(openOf(fates)), leadersOf(fates), cell)
    await removeGroups(cgroupFactsOf(directory), cell)
  }
  await removeOf(cell, join(directory, '..', '..', 'networks'))
  await removeOf(cell, join(directory, '..', '..', 'disks'))
  const observations = [...fates].map(([attempt, fate]) => observationOf(cell, attempt, fate, rebooted))
  return { cell, directory, observations, tombstones, closed: closedOf(fates) }
}

/** All was acknowledged: nothing of the cell remains. */
export async function forgetDeadCell(dead: DeadCell): Promise<void> {
  await removeOf(dead.cell, join(dead.directory, '..', '..', 'spare'))
  await rm(dead.directory, { recursive: true, force: true })
}

/** Directories that the cell named after itself. */
async function removeOf(cell: string, directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => []))
    if (name.startsWith(`${cell}-`)) await rm(join(directory, name), { recursive: true, force: true })
}

/** The kernel lets go of a group some moments after its last process; on a busy machine that may be seconds. */
async function removeGroups(facts: CgroupFacts, cell: string): Promise<void> {
  const deadline = performance.now() + GROUP_PATIENCE_MS
  while (!removeCgroupsOf(facts, cell) && performance.now() < deadline) await delay(10)
}

const GROUP_PATIENCE_MS = 15_000

/** Where the cell had its control groups: as its own configuration says. */
function cgroupFactsOf(directory: string): CgroupFacts {
  try {
    return (JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as CellConfig).host.cgroups
  } catch {
    return { version: 'none', swapAccounting: false }
  }
}

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
  if (fate.exit !== undefined) {
    // The receipt that the cell gave it: whoever has acknowledged it already, need not again.
    const seen = fate.exit.seen as CellObservation
    return { ...seen, receipt: `${cell}/${seen.receipt}` } as Observation
  }
  const why = rebooted
    ? reason('machine_restarted', 'the machine restarted while the program ran')
    : reason('cell_died', 'the process that held the program died; what was left of the program has been killed')
  return {
    attempt: attempt as AttemptId,
    receipt: `${cell}/lost:${attempt}`,
    at: Date.now(),
    kind: 'exited',
    exit: { outcome: 'lost', reason: why },
    ...(fate.run === undefined ? {} : { startedAt: fate.run.at }),
    ...(fate.take?.c ? { closed: true } : {}),
  }
}
