/**
 * Lists of tasks. Without filters, in order of creation either way, a page is one read by key and the total a count by
 * index; a filter reads what its best index gives and compares the rest here.
 */
import type { Instant } from '../../../core/instant.ts'
import type { Page } from '../../../core/ports/store.ts'
import { NumberedPages } from '../../kit/numbered-pages.ts'
import { findApp } from '../app/find-app.ts'
import { COLLECTIONS } from '../documents.ts'
import { badQuery } from '../errors.ts'
import { type Answer, type Call, ok } from '../operation.ts'
import { inOrder } from '../wire/answer-list.ts'
import { type ListQuery, parseListQuery, type TimeFilter } from '../wire/list-query.ts'
import { PageCache } from '../wire/page-cache.ts'
import { pageDocument } from '../wire/page-document.ts'
import { ACTIVE, activeTasks } from './active-tasks.ts'
import { type EndedTask, sortOfEnd } from './ended-task.ts'
import { presentTask } from './present-task.ts'
import { labelIndex, nameIndex, TASK_COUNTERS, type TaskRecord, type TaskState } from './task-record.ts'

const GLOBAL_ONLY = ['space_guids', 'organization_guids', 'app_guids']
const FILTERS = [
  'guids',
  'names',
  'states',
  'app_guids',
  'organization_guids',
  'space_guids',
  'app_guid',
  'sequence_ids',
  'label_selector',
]

const FIELDS: Readonly<Record<string, (task: TaskRecord) => string>> = {
  guids: (t) => t.guid,
  states: (t) => t.state,
  sequence_ids: (t) => String(t.seq),
  app_guids: (t) => t.app,
  space_guids: (t) => t.space,
  organization_guids: (t) => t.org,
}

/** Of all apps that the caller may see. The command is never shown here. */
export async function listTasks(call: Call): Promise<Answer> {
  const query = queryOf(call, ['sequence_ids', 'app_guid'])
  const everything = call.access.isGlobalReader && isPlain(query)
  return everything ? plainPage(call, query, undefined, false) : filteredPage(call, query, undefined, false)
}

/** Of one app. */
export async function listAppTasks(call: Call): Promise<Answer> {
  const query = queryOf(call, GLOBAL_ONLY)
  const { app, place } = await findApp(call, call.param('guid'))
  const shows = await call.access.canReadSecrets(place)
  return isPlain(query) ? plainPage(call, query, app.guid, shows) : filteredPage(call, query, app.guid, shows)
}

/** What only the other list has is refused with fewer words. */
function queryOf(call: Call, refused: readonly string[]): ListQuery {
  const query = parseListQuery(call.query, { filters: FILTERS })
  const wrong = refused.filter((name) => call.query.has(name))
  if (wrong.length > 0) throw badQuery(`Unknown query parameter(s): ${wrong.map((name) => `'${name}'`).join(', ')}`)
  return query
}

const isPlain = (query: ListQuery): boolean =>
  (query.orderBy === undefined || query.orderBy.field === 'created_at') &&
  query.labels === undefined &&
  query.created === undefined &&
  query.updated === undefined &&
  FILTERS.every((name) => query.filter(name) === undefined)

const pages = new NumberedPages()
/** Tasks change by events, or through `changedTasks`. */
const answered = new PageCache()

/** The metadata of a task was changed, or a record taken away. */
export const changedTasks = (): void => answered.forget()

async function plainPage(call: Call, query: ListQuery, app: string | undefined, shows: boolean): Promise<Answer> {
  const key = [call.caller.tenant, call.base, call.path, call.query, shows].join(' ')
  return { status: 200, json: await answered.read(key, call.engine.cursor(), () => readPage(call, query, app, shows)) }
}

async function readPage(call: Call, query: ListQuery, app: string | undefined, shows: boolean): Promise<object> {
  const { tenant } = call.caller
  const ascending = query.orderBy?.descending !== true
  const index = { ascending, ...(app !== undefined && { index: { name: 'app', value: app } }) }
  const list = {
    name: `${tenant}/${app ?? ''}/${ascending}`,
    read: (page: Page) => call.engine.documents<TaskRecord>(tenant, COLLECTIONS.task, { ...page, ...index }),
    count: () => countTasks(call, app),
  }
  const { items, total } = await pages.read(list, query.page, query.perPage)
  return document(
    call,
    query,
    total,
    items.map(({ body }) => body),
    shows,
  )
}

async function countTasks({ engine, caller }: Call, app: string | undefined): Promise<number> {
  const { sequence, removed, all, allRemoved } = TASK_COUNTERS
  const names = app === undefined ? [all, allRemoved] : [sequence(app), removed(app)]
  const [ever = 0, gone = 0] = await Promise.all(names.map((name) => engine.counter(caller.tenant, name)))
  return Math.max(0, ever - gone)
}

async function filteredPage(call: Call, query: ListQuery, app: string | undefined, shows: boolean): Promise<Answer> {
  const candidates = await candidatesOf(call, query, app)
  const readable = new Map<string, boolean>()
  const found: TaskRecord[] = []
  for (const task of candidates) {
    if ((app !== undefined && task.app !== app) || !matches(task, query)) continue
    const known = readable.get(task.space) ?? (await call.access.canReadSpace(task))
    readable.set(task.space, known)
    if (known) found.push(task)
  }
  const ordered = inOrder(found, query, {})
  const from = (query.page - 1) * query.perPage
  return ok(document(call, query, ordered.length, ordered.slice(from, from + query.perPage), shows))
}

/** Everything that can match, by the index that leaves least, in order of creation. */
async function candidatesOf(call: Call, query: ListQuery, app: string | undefined): Promise<readonly TaskRecord[]> {
  const { records } = call
  const guids = query.filter('guids')
  if (guids)
    return byCreation(await Promise.all([...new Set(guids)].map((g) => records.find<TaskRecord>(COLLECTIONS.task, g))))
  const states = query.filter('states')
  if (states?.every((state) => ACTIVE.some((active) => active === state)))
    return byCreation(await activeTasks(records, states as readonly TaskState[]))
  const sequences = query.filter('sequence_ids')
  if (sequences && sequences.length <= MOST_SEQUENCES) return byIndex(call, 'seq', sequences)
  const names = query.filter('names')
  if (names) return byIndex(call, 'name', names.map(nameIndex))
  const label = query.labels?.needs
  if (label) return byIndex(call, labelIndex(label.key), label.values, query.created)
  const changed = query.updated && (await changedSince(call, app, query.updated.fromMs))
  if (changed) return byCreation(changed)
  if (app !== undefined) return byIndex(call, 'app', [app], query.created)
  for (const [filter, index] of BY_PLACE) {
    const values = query.filter(filter)
    if (values) return byIndex(call, index, values, query.created)
  }
  return records.all<TaskRecord>(COLLECTIONS.task, undefined, query.created)
}

/** A number is of one task of each app. */
const MOST_SEQUENCES = 100
/** More that ended since are not looked up one by one. */
const MOST_CHANGED = 1_000

/** Tasks whose state changed at or after this time: a final one was changed last when it ended. Undefined: too many. */
async function changedSince(
  { engine, caller, records }: Call,
  app: string | undefined,
  since: Instant,
): Promise<readonly (TaskRecord | undefined)[] | undefined> {
  // In this order: what ends meanwhile is found twice, not missed.
  const active = await activeTasks(records)
  const { items, next } = await engine.documents<EndedTask>(caller.tenant, COLLECTIONS.endedTask, {
    ...(app !== undefined && { index: { name: 'app', value: app } }),
    sortFrom: sortOfEnd(since),
    limit: MOST_CHANGED,
  })
  if (next !== undefined) return undefined
  const ended = await Promise.all(items.map(({ key }) => records.find<TaskRecord>(COLLECTIONS.task, key)))
  const isOver = new Set(items.map(({ key }) => key))
  return [...active.filter(({ guid }) => !isOver.has(guid)), ...ended]
}

const BY_PLACE = [
  ['app_guids', 'app'],
  ['space_guids', 'space'],
  ['organization_guids', 'org'],
] as const

async function byIndex(
  { records }: Call,
  name: string,
  values: readonly string[],
  created?: TimeFilter,
): Promise<readonly TaskRecord[]> {
  const found = await Promise.all(
    [...new Set(values)].map((value) => records.all<TaskRecord>(COLLECTIONS.task, { name, value }, created)),
  )
  return found.length === 1 ? found[0]! : byCreation(found.flat())
}

const byCreation = (tasks: readonly (TaskRecord | undefined)[]): readonly TaskRecord[] =>
  tasks.filter((task) => task !== undefined).sort((a, b) => a.created - b.created || (a.guid < b.guid ? -1 : 1))

function matches(task: TaskRecord, query: ListQuery): boolean {
  for (const [name, textOf] of Object.entries(FIELDS)) {
    const wanted = query.filter(name)
    if (wanted && !wanted.includes(textOf(task))) return false
  }
  const names = query.filter('names')
  if (names && !names.some((name) => name.toLowerCase() === task.name.toLowerCase())) return false
  return (
    (query.labels?.matches(task.metadata.labels) ?? true) &&
    (query.created?.matches(task.created) ?? true) &&
    (query.updated?.matches(task.updated) ?? true)
  )
}

function document(
  call: Call,
  query: ListQuery,
  total: number,
  tasks: readonly TaskRecord[],
  showsCommand: boolean,
): object {
  const view = { base: call.base, options: call.options, showsCommand }
  const shown = tasks.map((task) => presentTask(task, view))
  return pageDocument(call.base + call.path, query, total, shown)
}
