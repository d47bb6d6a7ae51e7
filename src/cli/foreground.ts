/**
 * An execution in the foreground of a terminal: its logs stream, its waiting is shown, Ctrl-C stops it, a second Ctrl-C
 * kills it, and its exit code becomes the command's.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { elapsed } from './elapsed.ts'
import { followExecution, isFinal } from './execution-follower.ts'
import { Interrupts } from './interrupts.ts'
import type { StepLine } from './log-follower.ts'
import { followLog } from './log-follower.ts'
import { logPrinter } from './log-printer.ts'
import type { Execution } from './native-api.gen.ts'
import type { NativeClient } from './native-client.ts'
import type { Output } from './output.ts'
import { StatusLine } from './status-line.ts'

const QUEUE_LOOK_MS = 1_000
/** Where no terminal shows what it waits for, it is said once, after this. */
const LONG_WAIT_MS = 3_000

/** Resolves with the exit code. `known` is the execution as it was accepted. In JSON: a line per log line, then the
 *  execution as it ended. */
export async function inForeground(client: NativeClient, known: Execution, output: Output): Promise<number> {
  const { id } = known
  const following = new AbortController()
  const status = new StatusLine(output)
  const interrupts = new Interrupts((count) => void interrupt(client, id, count, status, following))
  const style = { names: known.steps.length > 1, timestamps: false }
  const print = logPrinter(output, () => style)
  const show = (line: StepLine): Promise<void> => status.around(() => print(line))
  const logs = followLog(client, id, {}, show, following.signal)
  // Awaited at the end; until then its failure is nobody's.
  logs.catch(() => undefined)
  let last = known
  const queue = watchQueue(client, () => last, status, following.signal)
  try {
    for await (const execution of followExecution(client, id, following.signal, (away) => noteAway(away, status))) {
      last = execution
      style.names ||= execution.steps.length > 1
      status.set(waitingLine(execution))
    }
    await logs
    status.clear()
    if (!isFinal(last)) return EXIT_INTERRUPTED
    if (output.format === 'json') output.line(last)
    noteOutcome(last, output)
    return exitCodeOf(last)
  } finally {
    following.abort()
    interrupts.stop()
    status.clear()
    await Promise.allSettled([queue, logs])
  }
}

const EXIT_INTERRUPTED = 130

/** The task's own code; never 0 for what did not succeed. */
export function exitCodeOf(execution: Execution): number {
  if (execution.state === 'succeeded') return execution.exitCode ?? 0
  if (execution.exitCode) return execution.exitCode
  return execution.state === 'cancelled' ? EXIT_INTERRUPTED : 1
}

async function interrupt(
  client: NativeClient,
  id: string,
  count: number,
  status: StatusLine,
  following: AbortController,
): Promise<void> {
  if (count > 2) return following.abort()
  status.note(count === 1 ? 'stopping (again: kill; a third time: leave it)' : 'killing')
  const body =
    count === 1 ? { message: 'interrupted at the terminal' } : { message: 'killed at the terminal', grace: '0s' }
  try {
    await client.call('stopExecution', { path: { id }, body })
  } catch (error) {
    status.note(`could not stop it: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A place in a queue changes without an event of this execution, so it is asked for; without a terminal once. */
async function watchQueue(
  client: NativeClient,
  last: () => Execution,
  status: StatusLine,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(status.visible ? QUEUE_LOOK_MS : LONG_WAIT_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted || last().state !== 'pending') continue
    const execution = await client.call('getExecution', { path: { id: last().id } }).catch(() => undefined)
    if (execution && last().state === 'pending') say(waitingLine(execution), status)
    if (!status.visible) return
  }
}

const say = (line: string | undefined, status: StatusLine): void =>
  status.visible || line === undefined ? status.set(line) : status.note(line)

function waitingLine(execution: Execution): string | undefined {
  if (execution.state === 'stopping') return 'stopping …'
  if (execution.state !== 'pending') return progressLine(execution)
  const { waiting } = execution
  if (!waiting) return 'pending …'
  return `waiting${waiting.position === undefined ? '' : ` (${waiting.position} in the queue)`}: ${waiting.reason.message}`
}

function progressLine(execution: Execution): string | undefined {
  const { progress } = execution
  if (!progress) return undefined
  return `${progress.percent === undefined ? '' : `${Math.round(progress.percent)} % `}${progress.message ?? ''}`
}

const noteAway = (away: boolean, status: StatusLine): void =>
  status.note(away ? 'the server went away; the task goes on, waiting for the server …' : 'the server is back')

function noteOutcome(execution: Execution, output: Output): void {
  if (execution.state === 'succeeded') return
  const took = execution.startedAt
    ? ` after ${elapsed(Date.parse(execution.finishedAt!) - Date.parse(execution.startedAt))}`
    : ''
  const why = execution.reason ? `: ${execution.reason.message}` : ''
  output.note(`${output.paintNote('red', `taskport: ${execution.state}`)}${took}${why}`)
  output.note(output.paintNote('dim', `→ taskport show ${execution.id} · taskport retry ${execution.id}`))
}
