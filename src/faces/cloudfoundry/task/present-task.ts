import type { CloudFoundryOptions } from '../options.ts'
import { metadataOf } from '../present.ts'
import { timestamp } from '../wire/time.ts'
import { EXIT_CODE_ANNOTATION } from './annotations.ts'
import type { TaskRecord } from './task-record.ts'

export interface TaskView {
  readonly base: string
  readonly options: Pick<CloudFoundryOptions, 'profile'>
  /** Whether the asker may know the command: without it the key is not there. */
  readonly showsCommand: boolean
}

/** Key by key and in the order of Cloud Controller's `task_presenter.rb`; the 2016 field where it was set. */
export function presentTask(task: TaskRecord, { base, options, showsCommand }: TaskView): object {
  const self = `${base}/v3/tasks/${task.guid}`
  return {
    guid: task.guid,
    created_at: timestamp(task.created),
    updated_at: timestamp(task.updated),
    sequence_id: task.seq,
    name: task.name,
    ...(showsCommand && { command: task.command }),
    user: task.user ?? 'vcap',
    state: task.state,
    memory_in_mb: task.memory,
    disk_in_mb: task.disk,
    log_rate_limit_in_bytes_per_second: task.logRate,
    result: { failure_reason: task.failure },
    droplet_guid: task.droplet,
    relationships: { app: { data: { guid: task.app } } },
    metadata: metadataOf(shownMetadata(task)),
    links: {
      self: { href: self },
      app: { href: `${base}/v3/apps/${task.app}` },
      cancel: { href: `${self}/actions/cancel`, method: 'POST' },
      droplet: { href: `${base}/v3/droplets/${task.droplet}` },
    },
    ...(showsCommand && environmentOf(task, options)),
  }
}

/** What the old API had: `{}` if none. Now only where somebody gave one, or in the old profile. */
function environmentOf({ env }: TaskRecord, { profile }: TaskView['options']): object {
  return env !== undefined || profile === '2016' ? { environment_variables: env ?? {} } : {}
}

function shownMetadata({ metadata, exitCode }: TaskRecord): TaskRecord['metadata'] {
  if (exitCode === undefined || !asksForMore(metadata.annotations)) return metadata
  return { ...metadata, annotations: { ...metadata.annotations, [EXIT_CODE_ANNOTATION]: String(exitCode) } }
}

/** Clients that compare what they get with what they set must not find more: only who uses our annotations gets one. */
const asksForMore = (annotations: Readonly<Record<string, string>>): boolean =>
  Object.keys(annotations).some((key) => key.startsWith('taskport/'))
