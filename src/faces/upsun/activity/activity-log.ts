/**
 * The log of an activity as numbered items. Numbers are positions: the steps of a plan run one after another, so reading
 * again gives the same items, and a client that comes back skips what it has (reference §3.4).
 */
import { type Execution, isFinal, isFinalStep, stepsOf } from '../../../core/execution.ts'
import type { ExecutionId } from '../../../core/identity.ts'
import type { LogLine } from '../../../core/ports/log-store.ts'
import { storedLog } from '../../kit/stored-log.ts'
import type { Call } from '../call.ts'
import { awaitedActivity } from '../deployment/deployments-under-way.ts'
import { closingText } from './closing-text.ts'
import type { Found } from './find-activity.ts'
import { beganAt, isBuild } from './life-cycle.ts'
import { type LogItem, LogText } from './log-text.ts'

const PATIENCE_MS = 60_000

/** Everything there is, and with `follow` everything that comes, until the activity has ended. */
export async function* activityLog(
  call: Call,
  found: Found,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<LogItem> {
  const { execution: e, record } = found
  const { acceptedAt } = e.submission
  const text = new LogText()
  const reading = { call, follow, signal, text }
  if (record.task !== undefined)
    yield text.said(acceptedAt, `Starting task container ${record.task}--task--${record.activity.slice(0, 8)}`)
  for (const [ordinal, step] of stepsOf(e).entries()) {
    if (step.work.kind === 'run') yield* linesOf(reading, e.id, step.name)
    else if (isBuild(step)) yield* buildLines(reading, found, ordinal)
    else yield text.said(acceptedAt, `Waiting for the activity ${awaitedActivity(step)}`)
    if (signal.aborted) return
  }
  const last = follow ? await ended(call, e.id, signal) : await call.engine.execution(call.tenant, e.id)
  const closing = last && isFinal(last) ? closingText(last, record) : undefined
  if (last && closing !== undefined) yield text.said(last.status.finishedAt ?? acceptedAt, `W: ${closing}`)
}

interface Reading {
  readonly call: Call
  readonly follow: boolean
  readonly signal: AbortSignal
  readonly text: LogText
}

async function* linesOf(
  { call, follow, signal, text }: Reading,
  execution: ExecutionId,
  step: string,
): AsyncGenerator<LogItem> {
  const which = { execution, step }
  const present = (line: LogLine): LogItem => text.line(step, line)
  if (follow) {
    for await (const { lines } of call.engine.followLog(call.tenant, which, undefined, signal))
      yield* lines.map(present)
    return
  }
  for await (const lines of storedLog(call.engine, call.tenant, which)) yield* lines.map(present)
}

/** Of a deployment the builds are the log; of a run only one that failed is told. */
async function* buildLines(reading: Reading, found: Found, ordinal: number): AsyncGenerator<LogItem> {
  const { call, follow, signal, text } = reading
  const { execution: e, record } = found
  const isRun = record.type === 'environment.task'
  const test = (seen: Execution): boolean => {
    const step = seen.status.steps[ordinal]!
    return isFinalStep(step.state) || (!isRun && step.awaited !== undefined)
  }
  const seen = follow ? await waited(call, e.id, test, signal) : await call.engine.execution(call.tenant, e.id)
  const step = seen?.status.steps[ordinal]
  if (!step?.awaited || (isRun && step.state !== 'failed')) return
  if (!isRun) yield text.said(beganAt(seen!) ?? e.submission.acceptedAt, `Building task '${stepsOf(e)[ordinal]!.name}'`)
  const build = await call.engine.execution(call.tenant, step.awaited)
  const whileNeeded = follow ? AbortSignal.any([signal, abandoned(reading, e.id, build.id)]) : signal
  for (const { name } of stepsOf(build)) yield* linesOf({ ...reading, signal: whileNeeded }, build.id, name)
}

/** Aborts when the activity has ended and the build has not: it was cancelled, and others may want the build. */
function abandoned({ call, signal }: Reading, activity: ExecutionId, build: ExecutionId): AbortSignal {
  const abandoning = new AbortController()
  const watch = async (): Promise<void> => {
    if (!(await ended(call, activity, signal))) return
    if (!isFinal(await call.engine.execution(call.tenant, build))) abandoning.abort()
  }
  void watch().catch(() => abandoning.abort())
  return abandoning.signal
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
