import type { Tenant } from '../../../core/identity.ts'
import type { Instant } from '../../../core/instant.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import { put } from '../../kit/documents.ts'
import { COLLECTIONS, type Resource } from '../documents.ts'
import type { TaskRecord } from './task-record.ts'

/** What the readers of an app's log need of a task that is over; listed by its end. */
export interface EndedTask
  extends Resource,
    Pick<TaskRecord, 'app' | 'appName' | 'space' | 'spaceName' | 'org' | 'name' | 'exitCode'> {
  readonly ended: Instant
}

const SORT_DIGITS = 15

/** How ends are listed; nothing is before 0. */
export const sortOfEnd = (ended: Instant): string => String(Math.max(0, Math.floor(ended))).padStart(SORT_DIGITS, '0')

/** Goes into the commit of the end. */
export function putEnded(tenant: Tenant, task: TaskRecord, ended: Instant): DocumentChange {
  const { guid, created, updated, app, appName, space, spaceName, org, name, exitCode } = task
  const known = { guid, created, updated, app, appName, space, spaceName, org, name, ended }
  const body: EndedTask = { ...known, ...(exitCode !== undefined && { exitCode }) }
  return put(tenant, COLLECTIONS.endedTask, guid, body, { sort: sortOfEnd(ended), indexes: { app } })
}
