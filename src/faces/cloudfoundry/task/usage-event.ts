import type { Instant } from '../../../core/instant.ts'
import type { Resource } from '../documents.ts'
import { hrefs } from '../present.ts'
import { timestamp } from '../wire/time.ts'
import type { UsageEventType } from './event-guid.ts'
import type { TaskRecord, TaskState } from './task-record.ts'

/** Numbers them, without gaps. */
export const USAGE_COUNTER = 'cloudfoundry/usage'

export interface UsageEvent extends Resource {
  readonly number: number
  readonly state: { readonly current: string; readonly previous: string }
  readonly task: { readonly guid: string; readonly name: string }
  readonly app: { readonly guid: string; readonly name: string }
  readonly space: { readonly guid: string; readonly name: string }
  readonly org: string
  readonly memory: number
}

/** `previous`: the task's state before, as Cloud Controller tells it (app_usage_event_repository.rb). */
export const usageEvent = (
  guid: string,
  task: TaskRecord,
  state: UsageEventType,
  at: Instant,
  previous: TaskState,
): UsageEvent => ({
  guid,
  created: at,
  updated: at,
  number: 0,
  state: { current: state, previous },
  task: { guid: task.guid, name: task.name },
  app: { guid: task.app, name: task.appName },
  space: { guid: task.space, name: task.spaceName },
  org: task.org,
  memory: task.memory,
})

export const presentUsageEvent = (event: UsageEvent, base: string): object => ({
  guid: event.guid,
  created_at: timestamp(event.created),
  updated_at: timestamp(event.updated),
  state: event.state,
  app: event.app,
  process: { guid: null, type: null },
  space: event.space,
  organization: { guid: event.org },
  buildpack: { guid: null, name: null },
  task: event.task,
  memory_in_mb_per_instance: { current: event.memory, previous: event.memory },
  instance_count: { current: 1, previous: 1 },
  links: hrefs(base, { self: `/v3/app_usage_events/${event.guid}` }),
})
