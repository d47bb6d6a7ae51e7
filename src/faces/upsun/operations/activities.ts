import { isFinal } from '../../../core/execution.ts'
import { EXECUTION_STATES } from '../../../core/execution-state.ts'
import type { ExecutionFilter } from '../../../core/ports/store.ts'
import { needUser, needView } from '../access.ts'
import { recordOf } from '../activity/activity-record.ts'
import { findActivity, presentFound } from '../activity/find-activity.ts'
import { findInstant, type InstantActivity, listInstants, presentInstant } from '../activity/instant-activity.ts'
import {
  type ActivityResult,
  type ActivityState,
  activityStateOf,
  resultOf,
  resultOfState,
  stateOf,
} from '../activity/life-cycle.ts'
import type { Call } from '../call.ts'
import { findEnvironment, findProject } from '../documents.ts'
import { badRequest, type UpsunError } from '../errors.ts'
import { accepted } from '../wire/accepted.ts'
import { instantOf } from '../wire/timestamp.ts'
import type { Params } from './operation.ts'

const DEFAULT_COUNT = 50
const MOST = 1_000
const PAGE = 100

/** Newest first; `starts_at` is the newest to be told (reference §3.3). */
export async function listActivities(call: Call, params: Partial<Params> & Pick<Params, 'project'>): Promise<object> {
  const { project, environment } = params
  await seen(call, project, environment)
  const wanted = filterOf(call.query)
  const place =
    environment === undefined ? { 'upsun.project': project } : { 'upsun.environment': `${project}/${environment}` }
  const filter: ExecutionFilter = { ...wanted.narrowed, refs: { ...place, ...wanted.narrowed.refs } }
  const runs: (readonly [at: number, activity: object])[] = []
  let after: string | undefined
  do {
    const page = await call.engine.executions(call.tenant, filter, { limit: PAGE, ...(after && { after }) })
    for (const execution of page.items) {
      const record = recordOf(execution)
      if (!record || !wanted.isWanted(record.type, stateOf(execution), resultOf(execution))) continue
      runs.push([execution.submission.acceptedAt, presentFound(call, { execution, record })])
    }
    after = page.next
  } while (after !== undefined && runs.length < wanted.count)
  const test = ({ type }: InstantActivity): boolean => wanted.isWanted(type, 'complete', 'success')
  const { startsAt: until, count } = wanted
  const instants = await listInstants(call, { project, environment, until, test, count })
  const all = [...runs, ...instants.map((instant) => [instant.at, presentInstant(instant)] as const)]
  return all
    .sort(([a], [b]) => b - a)
    .slice(0, count)
    .map(([, activity]) => activity)
}

async function seen(call: Call, project: string, environment: string | undefined): Promise<void> {
  if (environment === undefined) needUser(call)
  else needView(call, project, environment)
  await findProject(call.engine, call.tenant, project)
  if (environment !== undefined) await findEnvironment(call.engine, call.tenant, project, environment)
}

interface Filter {
  readonly startsAt: number | undefined
  readonly count: number
  /** What the store can leave out by itself. */
  readonly narrowed: ExecutionFilter
  isWanted(type: string, state: string, result: ActivityResult): boolean
}

function filterOf(query: URLSearchParams): Filter {
  const all = (name: string): readonly string[] => [...query.getAll(name), ...query.getAll(`${name}[]`)]
  const [types, states, results] = [all('type'), all('state'), all('result')]
  const startsAt = query.get('starts_at')
  const at = startsAt === null ? undefined : instantOf(startsAt)
  if (startsAt !== null && at === undefined) throw badRequest('starts_at is no point in time')
  const count = query.get('count')
  if (count !== null && !/^\d{1,6}$/.test(count)) throw badRequest('count is no number')
  const within = statesOf(states, results)
  return {
    startsAt: at,
    narrowed: {
      ...(at !== undefined && { acceptedUntil: at }),
      ...(within && { states: within }),
      ...(types.length > 0 && { refs: { 'upsun.type': types } }),
    },
    count: count === null ? DEFAULT_COUNT : Math.min(Number(count) || DEFAULT_COUNT, MOST),
    isWanted: (type, state, result) =>
      matches(types, type) && matches(states, state) && matches(results, result ?? 'null'),
  }
}

/** States of executions that may be shown so; undefined for all. A deployment that is under way is still `pending`. */
function statesOf(wanted: readonly string[], results: readonly string[]): ExecutionFilter['states'] {
  if (wanted.length === 0 && results.length === 0) return undefined
  return EXECUTION_STATES.filter((state) => {
    const shown: readonly ActivityState[] = state === 'pending' ? ['pending', 'in_progress'] : [activityStateOf(state)]
    return shown.some((one) => matches(wanted, one)) && matches(results, resultOfState(state) ?? 'null')
  })
}

const matches = (wanted: readonly string[], value: string): boolean => wanted.length === 0 || wanted.includes(value)

export async function getActivity(call: Call, params: Params): Promise<object> {
  const instant = await findInstant(call, params)
  if (instant) {
    needInstant(call, instant)
    return presentInstant(instant)
  }
  const found = await findActivity(call, params)
  needView(call, found.record.project, found.record.environment)
  return presentFound(call, found)
}

/** Throws 403 for a task that may not see the activity's environment, or the project. */
export function needInstant(call: Call, { project, environment }: InstantActivity): void {
  if (environment === undefined) needUser(call)
  else needView(call, project, environment)
}

const notCancellable = (state: ActivityState): UpsunError =>
  badRequest(`The activity cannot be cancelled in its current state: ${state}`)

/** Throws 400 with the words that the CLI looks for when it has ended already (reference §1.2). */
export async function cancelActivity(call: Call, params: Params): Promise<object> {
  needUser(call)
  if (await findInstant(call, params)) throw notCancellable('complete')
  const { execution, record } = await findActivity(call, params)
  if (isFinal(execution) || execution.status.desired === 'stop') throw notCancellable(stateOf(execution))
  const stopped = await call.engine.stop(call.tenant, execution.id, {
    message: `cancelled by ${call.principal.id}`,
    by: call.principal.id,
  })
  return accepted([presentFound(call, { execution: stopped, record })])
}
