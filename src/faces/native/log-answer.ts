/**
 * Logs: a page, a stream of events, or text as the program wrote it.
 *
 * A stream's resume point is `<number of the attempt>:<sequence number of the next line>`. A stream without one begins
 * with the step's first attempt; one with `last` begins with the newest.
 */
import { Readable } from 'node:stream'
import type { Execution } from '../../core/execution.ts'
import { isFinal, isFinalStep, stepsOf } from '../../core/execution.ts'
import type { AttemptId } from '../../core/identity.ts'
import { asExecutionId, attemptKeyOf } from '../../core/identity.ts'
import type { Micros } from '../../core/instant.ts'
import type { LogFrom, LogLine } from '../../core/ports/log-store.ts'
import type { Engine, LogSelector } from '../../engine/engine.ts'
import type { SentEvent } from '../kit/sse.ts'
import { acceptsEvents, sendEvents } from '../kit/sse.ts'
import type { Contract } from './contract/contract.ts'
import { badField } from './errors.ts'
import { type Answered, type Call, goneSignal } from './operation-call.ts'
import { part } from './parse-step.ts'
import { presentBytes, presentLine } from './present-following.ts'
import { durationMs, instantOf } from './units.ts'

type AnyLog = Call<Contract['getLog']> | Call<Contract['getStepLog']>
type Batch = { readonly attempt: AttemptId; readonly lines: readonly LogLine[] }

export async function answerLog(call: AnyLog, id: string, step: string | undefined): Promise<Answered | undefined> {
  const { engine, tenant, query } = call
  const which: LogSelector = {
    execution: asExecutionId(id),
    ...part('step', step),
    ...part('attempt', query.attempt),
  }
  const from = fromOf(call)
  const streams = acceptsEvents(call.request)
  if (streams || query.follow === true) return follow(call, which, from, streams && query.format !== 'text')
  const page = await engine.log(tenant, which, from, query.limit ?? 1_000)
  if (query.format === 'text') {
    const body = Buffer.concat(page.lines.map(presentBytes))
    return {
      status: 200,
      body,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'log-next': String(page.next) },
    }
  }
  const { attempt, next, end, gap } = page
  return { status: 200, body: { attempt, lines: page.lines.map((line) => presentLine(line)), next, gap, end } }
}

function fromOf({ query, engine }: AnyLog): LogFrom {
  const given = [query.seq, query.since, query.last].filter((value) => value !== undefined)
  if (given.length > 1) throw badField('seq', 'give one of seq, since and last')
  if (query.seq !== undefined) return { seq: query.seq }
  if (query.last !== undefined) return { last: query.last }
  if (query.since === undefined) return undefined
  return { since: momentOf(query.since, 'since', engine) }
}

/** A time, or how long ago, as microseconds. */
export function momentOf(text: string, field: string, { now }: Pick<Engine, 'now'>): Micros {
  const ago = durationMs(text)
  const instant = ago === undefined ? instantOf(text) : now() - ago
  if (instant === undefined) throw badField(field, 'must be an RFC 3339 time, or a duration such as 5m')
  return instant * 1_000
}

async function follow(
  call: AnyLog,
  which: LogSelector,
  from: LogFrom,
  asEvents: boolean,
): Promise<Answered | undefined> {
  const { engine, tenant } = call
  // Refuses what does not exist before the stream begins.
  const newest = await engine.log(tenant, which, { last: 0 }, 1)
  const resumed = resumeOf(call.headers['last-event-id'])
  const begin = resumed?.attempt ?? (from && 'last' in from ? numberOf(newest.attempt) : undefined)
  const batches = (signal: AbortSignal): AsyncIterable<Batch> =>
    begin === undefined || which.attempt !== undefined
      ? engine.followLog(tenant, which, resumed ? { seq: resumed.seq } : from, signal)
      : followFrom(call, which, begin, resumed ? { seq: resumed.seq } : from, signal)
  if (!asEvents) {
    const body = Readable.from(bytesOf(batches(goneSignal(call))))
    return { status: 200, body, headers: { 'content-type': 'text/plain; charset=utf-8' } }
  }
  const onFailure = (error: unknown) => call.parts.context.log.error({ err: error }, 'a log stream failed')
  await sendEvents(call.request, call.reply, (signal) => eventsOf(batches(signal), signal), onFailure)
  return undefined
}

/** From the attempt with this number on, through all later ones, also those that begin later. */
async function* followFrom(
  { engine, tenant }: AnyLog,
  which: LogSelector,
  begin: number,
  from: LogFrom,
  signal: AbortSignal,
): AsyncIterable<Batch> {
  const WAIT_MS = 3_600_000
  let next = begin
  let start = from
  while (!signal.aborted) {
    const settled = (e: Execution): boolean => attemptFrom(e, which, next) !== undefined || stepIsOver(e, which)
    const seen = await engine.waitFor(tenant, which.execution, settled, WAIT_MS, signal)
    const attempt = seen && attemptFrom(seen, which, next)
    if (attempt === undefined) {
      if (seen) return
      continue
    }
    yield* engine.followLog(tenant, { ...which, attempt }, start, signal)
    next = attempt + 1
    start = undefined
  }
}

const statusOf = (e: Execution, { step }: LogSelector) =>
  e.status.steps[step === undefined ? 0 : stepsOf(e).findIndex((spec) => spec.name === step)]

const attemptFrom = (e: Execution, which: LogSelector, least: number): number | undefined =>
  statusOf(e, which)?.attempts.find(({ number }) => number >= least)?.number

function stepIsOver(e: Execution, which: LogSelector): boolean {
  const state = statusOf(e, which)?.state
  return isFinal(e) || state === undefined || isFinalStep(state)
}

async function* eventsOf(batches: AsyncIterable<Batch>, signal: AbortSignal): AsyncIterable<SentEvent> {
  for await (const { attempt, lines } of batches) {
    const number = numberOf(attempt)
    for (const line of lines) yield { id: `${number}:${line.seq + 1}`, event: 'line', data: presentLine(line, attempt) }
  }
  if (!signal.aborted) yield { event: 'end', data: {} }
}

async function* bytesOf(batches: AsyncIterable<Batch>): AsyncIterable<Uint8Array> {
  for await (const { lines } of batches) if (lines.length > 0) yield Buffer.concat(lines.map(presentBytes))
}

const numberOf = (attempt: AttemptId | undefined): number | undefined =>
  attempt === undefined ? undefined : attemptKeyOf(attempt)?.number

function resumeOf(id: string | undefined): { readonly attempt: number; readonly seq: number } | undefined {
  if (id === undefined || id === '') return undefined
  const parts = /^(\d{1,9}):(\d{1,15})$/.exec(id)
  if (!parts) throw badField('last-event-id', 'must be the id of an event of this stream')
  return { attempt: Number(parts[1]), seq: Number(parts[2]) }
}
