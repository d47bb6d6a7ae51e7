import type { DocumentPut } from '../../../core/ports/store.ts'
import type { PlacedApp } from '../app/find-app.ts'
import type { Resource } from '../documents.ts'
import { COLLECTIONS } from '../documents.ts'
import { notFound } from '../errors.ts'
import type { Answer, Call, Operation } from '../operation.ts'
import { ok } from '../operation.ts'
import { head, hrefs } from '../present.ts'
import { type AuditEventType, eventGuid } from '../task/event-guid.ts'
import type { TaskRecord } from '../task/task-record.ts'
import { answerList } from '../wire/answer-list.ts'

interface AuditEvent extends Resource {
  readonly type: string
  readonly actor: { readonly guid: string; readonly type: string; readonly name: string }
  readonly target: { readonly guid: string; readonly type: string; readonly name: string }
  readonly data: object
  readonly space: string
  readonly org: string
}

/** What was done to a task, told of it as it is (task_event_repository.rb). Goes into the commit of what it tells of. */
export function auditChange(
  { caller, records }: Pick<Call, 'caller' | 'records'>,
  type: AuditEventType,
  { app, place }: PlacedApp,
  { guid, name, memory }: Pick<TaskRecord, 'guid' | 'name' | 'memory'>,
): DocumentPut {
  const event: AuditEvent = {
    ...records.fresh(),
    guid: eventGuid(guid, type),
    type,
    actor: { guid: caller.id, type: caller.isClient ? 'client' : 'user', name: caller.name },
    target: { guid: app.guid, type: 'app', name: app.name },
    data: { task_guid: guid, request: { name, memory_in_mb: memory, command: '[PRIVATE DATA HIDDEN]' } },
    ...place,
  }
  return records.putOf(COLLECTIONS.auditEvent, event, { target: app.guid, type })
}

const present = (event: AuditEvent, base: string): object => ({
  ...head(event),
  type: event.type,
  actor: event.actor,
  target: event.target,
  data: event.data,
  space: { guid: event.space },
  organization: { guid: event.org },
  links: hrefs(base, { self: `/v3/audit_events/${event.guid}` }),
})

/** `target_guids[not]=`: all but those. */
const NOT = 'target_guids[not]'

function list(call: Call): Promise<Answer> {
  const targets = call.query.get('target_guids')?.split(',') ?? []
  const others = call.query.get(NOT)?.split(',') ?? []
  return answerList<AuditEvent>(call, {
    collection: COLLECTIONS.auditEvent,
    // `cf events APP` asks for one.
    ...(targets.length === 1 && { index: { name: 'target', value: targets[0]! } }),
    filters: {
      types: (e) => e.type,
      target_guids: (e) => e.target.guid,
      space_guids: (e) => e.space,
      organization_guids: (e) => e.org,
    },
    ignored: [NOT],
    visible: async (event) => !others.includes(event.target.guid) && call.access.canReadSpace(event),
    present: (event) => present(event, call.base),
  })
}

export const AUDIT_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/audit_events', answer: list },
  {
    method: 'GET',
    path: '/v3/audit_events/:guid',
    async answer(call) {
      const event = await call.records.find<AuditEvent>(COLLECTIONS.auditEvent, call.param('guid'))
      if (!event || !(await call.access.canReadSpace(event))) throw notFound('Event')
      return ok(present(event, call.base))
    },
  },
]
