import type { Chance } from '../../src/core/ports/clock.ts'

/** A program of a known fate: what it prints, how it ends, and whether it may run twice. */
export interface ChaoticTask {
  /** Its idempotency key and its name in the ledger. */
  readonly name: string
  readonly lines: number
  /** It sleeps so long after each line, ms. */
  readonly pauseMs: number
  readonly exitCode: number
  /** Tried again when it was lost: it may run more than once, never twice at the same time. */
  readonly retried: boolean
  /** It leaves a child behind in a session of its own. */
  readonly straggler: boolean
}

export const LOST_RETRIES = 20

export function chaoticTask(chance: Chance, name: string): ChaoticTask {
  const upTo = (limit: number): number => Math.floor(chance.next() * limit)
  return {
    name,
    lines: 1 + upTo(40),
    pauseMs: chance.next() < 0.4 ? 0 : 10 + upTo(50),
    exitCode: upTo(5) === 0 ? 1 + upTo(120) : 0,
    retried: chance.next() < 0.3,
    straggler: chance.next() < 0.2,
  }
}

/**
 * The script of every task: `script LEDGER LOCKS NAME LINES PAUSE CODE STRAGGLER`. It appends `run ATTEMPT` to the
 * ledger when it begins, and `overlap ATTEMPT` when another run of the same task (or a child of one) still lives: the
 * lock is the kernel's and goes with the last process that holds it.
 */
export const SCRIPT = `
ledger=$1 locks=$2 name=$3 lines=$4 pause=$5 code=$6 straggler=$7
echo "run $TASKPORT_ATTEMPT" >> "$ledger"
exec 9> "$locks/$name"
flock -n 9 || echo "overlap $TASKPORT_ATTEMPT" >> "$ledger"
if [ "$straggler" = 1 ]; then (setsid sleep 300 >/dev/null 2>&1 &); fi
i=0
while [ $i -lt $lines ]; do
  i=$((i+1)); echo "line $i of $name"
  [ "$pause" = 0 ] || sleep "$pause"
done
exit $code
`

/** What is submitted for it. */
export function submissionOf(task: ChaoticTask, ledger: string, locks: string): object {
  const { name, lines, pauseMs, exitCode, straggler } = task
  const pause = pauseMs === 0 ? '0' : (pauseMs / 1_000).toFixed(3)
  const args = [ledger, locks, name, lines, pause, exitCode, straggler ? 1 : 0].map(String)
  const codes = Array.from({ length: 255 }, (_, i) => i + 1)
  return {
    name,
    command: ['/bin/sh', '-c', SCRIPT, 'chaos', ...args],
    ...(task.retried && {
      retry: { limit: LOST_RETRIES, ignoredExitCodes: codes, backoff: { initial: '10ms', factor: 1 } },
    }),
  }
}

export const logOf = (task: ChaoticTask): string =>
  Array.from({ length: task.lines }, (_, i) => `line ${i + 1} of ${task.name}\n`).join('')
