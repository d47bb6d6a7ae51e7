/**
 * Activities that no execution stands for: what they tell of was done, whole, in the very commit that holds the record.
 * They are kept as long as runs are; each new one takes the project's oldest with it that have had their time.
 */
import type { Instant } from '../../../core/instant.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import { put } from '../../kit/documents.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS } from '../documents.ts'
import { userIdOf } from '../user-id.ts'
import { timestamp } from '../wire/timestamp.ts'
import { activityIdOf } from './activity-record.ts'
import { type InstantType, type Subject, wordsOf } from './activity-type.ts'

export interface InstantActivity extends Subject {
  /** 13 lower-case letters and digits. */
  readonly activity: string
  readonly type: InstantType
  readonly user: string
  readonly userName: string
  readonly at: Instant
  readonly expiresAt: Instant
}

type Done = Omit<InstantActivity, 'activity' | 'user' | 'userName' | 'at' | 'expiresAt'>

const MOST_SWEPT = 50

export interface NewInstant {
  readonly activity: InstantActivity
  /** To be committed with what was done. */
  readonly changes: readonly DocumentChange[]
}

export async function newInstant(call: Call, done: Done): Promise<NewInstant> {
  const at = call.engine.now()
  const who = { user: userIdOf(call.principal), userName: call.principal.id }
  const activity: InstantActivity = {
    ...done,
    ...who,
    at,
    expiresAt: at + call.options.retentionMs,
    activity: activityIdOf(call.engine.newExecutionId()),
  }
  const { project, environment } = done
  const indexes = { project, ...(environment !== undefined && { environment: `${project}/${environment}` }) }
  const kept = put(call.tenant, COLLECTIONS.activity, activity.activity, activity, { sort: sortOf(at), indexes })
  return { activity, changes: [kept, ...(await outdated(call, project, at))] }
}

/** Fifteen digits: instants sort as texts. */
const sortOf = (at: Instant): string => String(at).padStart(15, '0')

async function outdated(call: Call, project: string, now: Instant): Promise<readonly DocumentChange[]> {
  const { tenant } = call
  const collection = COLLECTIONS.activity
  const { items } = await call.engine.documents(tenant, collection, {
    index: { name: 'project', value: project },
    sortUntil: sortOf(now - call.options.retentionMs),
    ascending: true,
    limit: MOST_SWEPT,
  })
  return items.map(({ key }) => ({ kind: 'document.delete', tenant, collection, key }))
}

export interface InstantFilter {
  readonly project: string
  readonly environment: string | undefined
  /** The newest to be told. */
  readonly until: Instant | undefined
  readonly test: (activity: InstantActivity) => boolean
  readonly count: number
}

/** Newest first. */
export async function listInstants(call: Call, filter: InstantFilter): Promise<readonly InstantActivity[]> {
  const { project, environment, until, test, count } = filter
  const index =
    environment === undefined
      ? { name: 'project', value: project }
      : { name: 'environment', value: `${project}/${environment}` }
  const found: InstantActivity[] = []
  let after: string | undefined
  do {
    const bounds = {
      ...(until !== undefined && { sortUntil: sortOf(until + 1) }),
      ...(after !== undefined && { after }),
    }
    const query = { index, limit: 100, ascending: false, ...bounds }
    const page = await call.engine.documents<InstantActivity>(call.tenant, COLLECTIONS.activity, query)
    found.push(...page.items.map(({ body }) => body).filter(test))
    after = page.next
  } while (after !== undefined && found.length < count)
  return found.slice(0, count)
}

/** Undefined where the path names another project or environment than the activity's. */
export async function findInstant(
  call: Call,
  params: { readonly project: string; readonly environment?: string; readonly activity: string },
): Promise<InstantActivity | undefined> {
  const found = await call.engine.document<InstantActivity>(call.tenant, COLLECTIONS.activity, params.activity)
  if (found?.body.project !== params.project) return undefined
  return params.environment === undefined || params.environment === found.body.environment ? found.body : undefined
}

/** The same 24 keys as that of an execution (present-activity.ts). */
export function presentInstant(a: InstantActivity): object {
  const at = timestamp(a.at)
  const environments = a.environment === undefined ? [] : [a.environment]
  const path = `/projects/${encodeURIComponent(a.project)}/activities/${a.activity}`
  return {
    ...{
      id: a.activity,
      created_at: at,
      updated_at: at,
      type: a.type,
      project: a.project,
      integration: null,
      environments,
    },
    parameters: { user: a.user, ...(a.environment !== undefined && { environment: a.environment }) },
    ...{
      state: 'complete',
      result: 'success',
      failure_reason: null,
      completion_percent: 100,
      timings: {},
      commands: [],
    },
    ...{ started_at: at, completed_at: at, cancelled_at: null, expires_at: timestamp(a.expiresAt) },
    log: 'The log of an activity is streamed: follow its link "log".',
    payload: {
      user: { id: a.user, display_name: a.userName },
      project: { id: a.project },
      ...(a.environment !== undefined && { environment: { id: a.environment, name: a.environment } }),
      ...(a.variable !== undefined && { variable: { name: a.variable } }),
    },
    ...wordsOf(a, { id: a.user, name: a.userName }),
    _links: { self: { href: path }, log: { href: `${path}/log` } },
  }
}
