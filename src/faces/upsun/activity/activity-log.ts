/**
 * The log of an activity as numbered items. Numbers are positions: the steps of a plan run one after another, so reading
 * again gives the same items, and a client that comes back skips what it has (reference §3.4).
 */
import { currentAttempt, type Execution, isFinal, isFinalStep, stepsOf } from '../../../core/execution.ts'
import type { ExecutionId } from '../../../core/identity.ts'
import type { LogLine } from '../../../core/ports/log-store.ts'
import type { Call } from '../call.ts'
import { GRACE_MS } from '../task/plan-of-run.ts'
import { timestamp } from '../wire/timestamp.ts'
import type { Found } from './find-activity.ts'

export interface LogItem {
  readonly timestamp: string
  readonly message: string
}

const PATIENCE_MS = 60_000
const PAGE = 1_000

/** Everything there is, and with `follow` everything that comes, until the activity has ended. */
export async function* activityLog(
  call: Call,
  found: Found,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<LogItem> {
  const { execution: e, record } = found
  if (record.task !== undefined)
    yield item(
      e.submission.acceptedAt,
      `Starting task container ${record.task}--task--${record.activity.slice(0, 8)}\n`,
    )
  for (const [ordinal, step] of stepsOf(e).entries()) {
    if (step.work.kind === 'run') yield* linesOf(call, e.id, step.name, follow, signal)
    else yield* buildLines(call, found, ordinal, follow, signal)
    if (signal.aborted) return
  }
  const last = follow ? await ended(call, e.id, signal) : await call.engine.execution(call.tenant, e.id)
  if (last && isFinal(last)) yield* closingItems(last, found)
}

async function* linesOf(
  call: Call,
  execution: ExecutionId,
  step: string,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<LogItem> {
  const which = { execution, step }
  if (follow) {
    for await (const { lines } of call.engine.followLog(call.tenant, which, undefined, signal)) yield* lines.map(itemOf)
    return
  }
  for (let seq = 0; ; ) {
    const page = await call.engine.log(call.tenant, which, { seq }, PAGE)
    yield* page.lines.map(itemOf)
    if (page.lines.length < PAGE) return
    seq = page.next
  }
}

/** Of a deployment the builds are the log; of a run only one that failed is told. */
async function* buildLines(
  call: Call,
  found: Found,
  ordinal: number,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<LogItem> {
  const { execution: e, record } = found
  const isRun = record.type === 'environment.task'
  const test = (seen: Execution): boolean => {
    const step = seen.status.steps[ordinal]!
    return isFinalStep(step.state) || (!isRun && step.awaited !== undefined)
  }
  const seen = follow ? await waited(call, e.id, test, signal) : await call.engine.execution(call.tenant, e.id)
  const step = seen?.status.steps[ordinal]
  if (!step?.awaited || (isRun && step.state !== 'failed')) return
  if (!isRun) yield item(e.submission.acceptedAt, `Building task '${stepsOf(e)[ordinal]!.name}'\n`)
  const build = await call.engine.execution(call.tenant, step.awaited)
  for (const { name } of stepsOf(build)) yield* linesOf(call, build.id, name, follow, signal)
}

const ended = (call: Call, id: ExecutionId, signal: AbortSignal): Promise<Execution | undefined> =>
  waited(call, id, isFinal, signal)

async function waited(
  call: Call,
  id: ExecutionId,
  test: (e: Execution) => boolean,
  signal: AbortSignal,
): Promise<Execution | undefined> {
  while (!signal.aborted) {
    const seen = await call.engine.waitFor(call.tenant, id, test, PATIENCE_MS, signal)
    if (seen) return seen
  }
  return undefined
}

function itemOf(line: LogLine): LogItem {
  const text = Buffer.from(line.bytes).toString('utf8')
  const prefix = line.source === 'stdout' ? '' : 'W: '
  return item(line.at / 1_000, `${prefix}${text}${line.partial || line.split ? '' : '\n'}`)
}

const item = (at: number, message: string): LogItem => ({ timestamp: timestamp(at), message })

/** Why it ended: only a declared limit may kill, and the log names it. */
function* closingItems(e: Execution, { record }: Found): Generator<LogItem> {
  const at = e.status.finishedAt ?? e.submission.acceptedAt
  const text = closingText(e, record.timeoutSeconds)
  if (text !== undefined) yield item(at, `W: ${text}\n`)
}

function closingText(e: Execution, timeoutSeconds: number | undefined): string | undefined {
  const { state, reason, stopCause } = e.status
  if (state === 'succeeded') return undefined
  if (state === 'cancelled') return `The activity was cancelled: ${stopCause?.reason.message ?? reason?.message ?? ''}`
  const ordinal = stepsOf(e).findIndex((step) => step.name === 'run')
  const exit = ordinal === -1 ? undefined : currentAttempt(e.status.steps[ordinal]!)?.exit
  if (exit?.outcome === 'timedOut') {
    const killed = exit.killedAfterGrace ? `, and SIGKILL ${GRACE_MS / 1_000} seconds later` : ''
    return `The command ran longer than run.timeout (${timeoutSeconds} seconds) and was sent SIGTERM${killed}`
  }
  if (exit?.outcome === 'outOfMemory')
    return 'The task used more memory than its container profile gives it and was killed'
  if (exit?.outcome === 'exited') return `The command exited with code ${exit.code}`
  return reason ? `The activity failed: ${reason.message}` : 'The activity failed'
}
