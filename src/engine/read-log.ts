/** Logs as users ask for them: by execution and step, over attempts. */
import { invalid, notFound } from '../core/engine-error.ts'
import type { Attempt, Execution } from '../core/execution.ts'
import { isFinalStep, stepsOf } from '../core/execution.ts'
import type { AttemptId, Tenant } from '../core/identity.ts'
import { attemptIdOf } from '../core/identity.ts'
import type { LogFrom, LogLine, LogPage } from '../core/ports/log-store.ts'
import type { Context } from './context.ts'
import type { LogSelector } from './engine.ts'
import { inspect } from './inspect.ts'
import { waitFor } from './wait-for.ts'

/** A follower waits this long at most before it looks again at an execution that does not change, ms. */
const FOLLOW_WAIT_MS = 3_600_000

interface Selected {
  readonly execution: Execution
  readonly ordinal: number
  readonly attempt: Attempt | undefined
}

export async function readLog(
  context: Context,
  tenant: Tenant,
  which: LogSelector,
  from: LogFrom,
  limit: number,
): Promise<LogPage & { readonly attempt: AttemptId | undefined }> {
  const { execution, ordinal, attempt } = await select(context, tenant, which)
  if (!attempt) return { lines: [], next: 0, end: stepEnded(execution, ordinal), attempt: undefined }
  const id = attemptIdOf(execution.id, ordinal, attempt.number)
  return { ...(await context.logs.read(tenant, id, from, limit, extentOf(attempt))), attempt: id }
}

export async function* followLog(
  context: Context,
  tenant: Tenant,
  which: LogSelector,
  from: LogFrom,
  signal: AbortSignal,
): AsyncIterable<{ readonly attempt: AttemptId; readonly lines: readonly LogLine[] }> {
  let start = from
  let seen = which.attempt === undefined ? 0 : which.attempt - 1
  for (;;) {
    const found = await nextAttempt(context, tenant, which, seen, signal)
    if (!found) return
    const id = attemptIdOf(found.execution.id, found.ordinal, found.attempt.number)
    for await (const lines of context.logs.follow(tenant, id, start, signal, extentOf(found.attempt)))
      yield { attempt: id, lines }
    seen = found.attempt.number
    start = undefined
    if (signal.aborted || which.attempt !== undefined) return
  }
}

/** An ended attempt without an extent wrote nothing that is known of. */
const extentOf = (attempt: Attempt): string | undefined => attempt.log ?? (attempt.exit ? '0' : undefined)

/** The first attempt after `seen`, waiting for it; undefined when the step ends without another. */
async function nextAttempt(
  context: Context,
  tenant: Tenant,
  which: LogSelector,
  seen: number,
  signal: AbortSignal,
): Promise<(Selected & { readonly attempt: Attempt }) | undefined> {
  const { execution, ordinal } = await select(context, tenant, which)
  const later = (e: Execution): Attempt | undefined => e.status.steps[ordinal]?.attempts.find((a) => a.number > seen)
  const known = later(execution)
  if (known) return { execution, ordinal, attempt: known }
  if (stepEnded(execution, ordinal)) return undefined
  const over = (e: Execution): boolean => later(e) !== undefined || stepEnded(e, ordinal)
  const now = await waitFor(context, tenant, which.execution, over, FOLLOW_WAIT_MS, signal)
  const attempt = now && later(now)
  return now && attempt ? { execution: now, ordinal, attempt } : undefined
}

const stepEnded = (execution: Execution, ordinal: number): boolean => {
  const step = execution.status.steps[ordinal]
  return step === undefined || (isFinalStep(step.state) && execution.status.state !== 'pending')
}

async function select(context: Context, tenant: Tenant, which: LogSelector): Promise<Selected> {
  const execution = await inspect(context, tenant, which.execution)
  if (!execution) throw notFound('execution', which.execution)
  const ordinal = ordinalOf(execution, which.step)
  const { attempts } = execution.status.steps[ordinal]!
  const attempt =
    which.attempt === undefined ? attempts[attempts.length - 1] : attempts.find((a) => a.number === which.attempt)
  if (which.attempt !== undefined && !attempt) throw notFound('attempt', String(which.attempt))
  return { execution, ordinal, attempt }
}

/** The named step; else the only one, or the one that began last. */
function ordinalOf(execution: Execution, name: string | undefined): number {
  const specs = stepsOf(execution)
  if (name !== undefined) {
    const ordinal = specs.findIndex((s) => s.name === name)
    if (ordinal < 0) throw invalid('step', `execution ${execution.id} has no step ${name}`)
    return ordinal
  }
  let best = 0
  for (const [i, step] of execution.status.steps.entries())
    if ((step.startedAt ?? 0) > (execution.status.steps[best]!.startedAt ?? 0)) best = i
  return best
}
