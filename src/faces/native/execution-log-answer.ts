/**
 * The log of a whole execution, all steps in order of time: a page, a stream of events, or text.
 *
 * A stream's resume point stands on the last line of what came at once: whoever resumes may see a few lines again, and
 * knows them by attempt and sequence number.
 */
import { Readable } from 'node:stream'
import { asExecutionId } from '../../core/identity.ts'
import type { ExecutionLine, ExecutionLogQuery } from '../../engine/engine.ts'
import type { SentEvent } from '../kit/sse.ts'
import { acceptsEvents, sendEvents } from '../kit/sse.ts'
import type { Contract } from './contract/contract.ts'
import { badField } from './errors.ts'
import { momentOf } from './log-answer.ts'
import { type Answered, type Call, goneSignal } from './operation-call.ts'
import { part } from './parse-step.ts'
import { presentBytes, presentLine } from './present-following.ts'

type LogCall = Call<Contract['getExecutionLog']>
type Batches = AsyncIterable<{ readonly lines: readonly ExecutionLine[]; readonly after: string }>

export async function answerExecutionLog(call: LogCall): Promise<Answered | undefined> {
  const { engine, tenant, params, query } = call
  const streams = acceptsEvents(call.request)
  if (streams || query.follow === true) return follow(call, streams && query.format !== 'text')
  const asked = { ...queryOf(call), limit: query.limit ?? 1_000 }
  const { lines, before, after, end } = await engine.executionLog(tenant, asExecutionId(params.id), asked)
  if (query.format !== 'text') return { status: 200, body: { lines: lines.map(presentOne), before, after, end } }
  const headers = { 'content-type': TEXT, 'log-before': before, 'log-after': after }
  return { status: 200, body: Buffer.concat(lines.map(({ line }) => presentBytes(line))), headers }
}

const TEXT = 'text/plain; charset=utf-8'

function queryOf({ query, headers, engine }: LogCall): Omit<ExecutionLogQuery, 'limit'> {
  const since = query.since === undefined ? undefined : momentOf(query.since, 'since', engine)
  const until = query.until === undefined ? undefined : momentOf(query.until, 'until', engine)
  const after = headers['last-event-id'] || query.after
  if (after !== undefined && query.before !== undefined) throw badField('before', 'give one of after and before')
  return {
    ...part('after', after),
    ...part('before', query.before),
    ...part('backwards', query.newest),
    ...part('since', since),
    ...part('until', until),
    ...part('steps', query.step),
  }
}

async function follow(call: LogCall, asEvents: boolean): Promise<Answered | undefined> {
  const { engine, tenant, query } = call
  if (query.before !== undefined || query.newest === true)
    throw badField(
      query.newest === true ? 'newest' : 'before',
      'a log is followed forwards: read that page, then follow',
    )
  const id = asExecutionId(call.params.id)
  const asked = queryOf(call)
  // Refuses what does not exist, or is no place in it, before the stream begins.
  await engine.executionLog(tenant, id, { ...asked, limit: 1 })
  const batches = (signal: AbortSignal): Batches => engine.followExecutionLog(tenant, id, asked, signal)
  if (!asEvents) {
    const body = Readable.from(bytesOf(batches(goneSignal(call))))
    return { status: 200, body, headers: { 'content-type': TEXT } }
  }
  const onFailure = (error: unknown) => call.parts.context.log.error({ err: error }, 'a log stream failed')
  await sendEvents(call.request, call.reply, (signal) => eventsOf(batches(signal), signal), onFailure)
  return undefined
}

async function* eventsOf(batches: Batches, signal: AbortSignal): AsyncIterable<SentEvent> {
  for await (const { lines, after } of batches)
    for (const [i, one] of lines.entries())
      yield { ...(i === lines.length - 1 && { id: after }), event: 'line', data: presentOne(one) }
  if (!signal.aborted) yield { event: 'end', data: {} }
}

async function* bytesOf(batches: Batches): AsyncIterable<Uint8Array> {
  for await (const { lines } of batches)
    if (lines.length > 0) yield Buffer.concat(lines.map(({ line }) => presentBytes(line)))
}

const presentOne = ({ attempt, step, line }: ExecutionLine) => ({ ...presentLine(line, attempt), step })
