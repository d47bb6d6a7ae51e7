import { asExecutionId } from '../../../core/identity.ts'
import type { EventFilter } from '../../../core/ports/store.ts'
import type { SentEvent } from '../../kit/sse.ts'
import { acceptsEvents, sendEvents } from '../../kit/sse.ts'
import type { Contract } from '../contract/contract.ts'
import { badField } from '../errors.ts'
import { momentOf } from '../log-answer.ts'
import { type Answered, type Call, type Handler, ok } from '../operation-call.ts'
import { part } from '../parse-step.ts'
import { presentEvent } from '../present-following.ts'

type AnyEvents = Call<Contract['listEvents']> | Call<Contract['listExecutionEvents']>

export const listEvents: Handler<'listEvents'> = (call) => answerEvents(call, call.query.execution)

/** A page, or a stream where one is accepted. */
export async function answerEvents(call: AnyEvents, execution: string | undefined): Promise<Answered | undefined> {
  const { engine, tenant, query, headers } = call
  const filter: EventFilter = {
    ...part('execution', execution === undefined ? undefined : asExecutionId(execution)),
    ...part('kinds', query.kinds),
  }
  if (query.since !== undefined && query.after !== undefined) throw badField('since', 'give one of after and since')
  const after = headers['last-event-id'] ?? query.after ?? (await cursorSince(call))
  if (!acceptsEvents(call.request)) {
    const { events, cursor } = await engine.events(tenant, after, filter, query.limit ?? 100)
    return ok({ items: events.map(presentEvent), cursor })
  }
  // An expired cursor is refused now, with its status, not in the stream.
  if (after !== undefined) await engine.events(tenant, after, filter, 1)
  const onFailure = (error: unknown) => call.parts.context.log.error({ err: error }, 'an event stream failed')
  await sendEvents(call.request, call.reply, (signal) => streamOf(call, after, filter, signal), onFailure)
  return undefined
}

async function cursorSince({ engine, query }: AnyEvents): Promise<string | undefined> {
  if (query.since === undefined) return undefined
  return engine.cursorAt(Math.floor(momentOf(query.since, 'since', engine) / 1_000))
}

/** A batch's cursor stands on its last event: whoever resumes may see a batch again, but misses nothing. */
async function* streamOf(
  { engine, tenant }: AnyEvents,
  after: string | undefined,
  filter: EventFilter,
  signal: AbortSignal,
): AsyncIterable<SentEvent> {
  for await (const { events, cursor } of engine.watch(tenant, after, filter, signal))
    for (const [i, event] of events.entries()) {
      const data = presentEvent(event)
      yield i === events.length - 1 ? { id: cursor, event: 'event', data } : { event: 'event', data }
    }
}
