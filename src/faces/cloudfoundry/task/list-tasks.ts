/**
 * Lists of tasks. Without filters a page is one read by key and the total a count by index; a filter reads what its best
 * index gives and compares the rest here.
 */
import type { Page } from '../../../core/ports/store.ts'
import { NumberedPages } from '../../kit/numbered-pages.ts'
import { findApp } from '../app/find-app.ts'
import { FACE } from '../auth.ts'
import { COLLECTIONS } from '../documents.ts'
import { badQuery } from '../errors.ts'
import { type Answer, type Call, ok } from '../operation.ts'
import { inOrder } from '../wire/answer-list.ts'
import { type ListQuery, parseListQuery } from '../wire/list-query.ts'
import { pageDocument } from '../wire/page-document.ts'
import { presentTask } from './present-task.ts'
import type { TaskRecord } from './task-record.ts'

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
  query.orderBy === undefined &&
  query.labels === undefined &&
  query.created === undefined &&
  query.updated === undefined &&
  FILTERS.every((name) => query.filter(name) === undefined)

const pages = new NumberedPages()

async function plainPage(call: Call, query: ListQuery, app: string | undefined, shows: boolean): Promise<Answer> {
  const { tenant } = call.caller
  const refs = { kind: 'task', ...(app !== undefined && { app }) }
  const index = app === undefined ? {} : { index: { name: 'app', value: app } }
  const list = {
    name: `${tenant}/${app ?? ''}`,
    read: (page: Page) => call.engine.documents<TaskRecord>(tenant, COLLECTIONS.task, { ...page, ...index }),
    async count(): Promise<number> {
      const counts = await call.engine.countExecutions(tenant, { face: FACE, refs })
      return Object.values(counts).reduce((sum, count) => sum + count, 0)
    },
  }
  const { items, total } = await pages.read(list, query.page, query.perPage)
  return answer(
    call,
    query,
    total,
    items.map(({ body }) => body),
    shows,
  )
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
  return answer(call, query, ordered.length, ordered.slice(from, from + query.perPage), shows)
}

/** Everything that can match, by the index that leaves least, in order of creation. */
async function candidatesOf(call: Call, query: ListQuery, app: string | undefined): Promise<readonly TaskRecord[]> {
  const guids = query.filter('guids')
  if (guids) {
    const found = await Promise.all([...new Set(guids)].map((g) => call.records.find<TaskRecord>(COLLECTIONS.task, g)))
    return found
      .filter((task) => task !== undefined)
      .sort((a, b) => a.created - b.created || (a.guid < b.guid ? -1 : 1))
  }
  const index = (name: string, value: string): Promise<TaskRecord[]> =>
    call.records.all<TaskRecord>(COLLECTIONS.task, { name, value })
  const single = (filter: string, name: string): Promise<TaskRecord[]> | undefined => {
    const values = query.filter(filter)
    return values?.length === 1 ? index(name, values[0]!) : undefined
  }
  const bySequence = single('sequence_ids', 'seq')
  if (bySequence) return bySequence
  if (app !== undefined) return index('app', app)
  return (
    single('app_guids', 'app') ??
    single('space_guids', 'space') ??
    single('organization_guids', 'org') ??
    call.records.all<TaskRecord>(COLLECTIONS.task)
  )
}

function matches(task: TaskRecord, query: ListQuery): boolean {
  for (const [name, textOf] of Object.entries(FIELDS)) {
    const wanted = query.filter(name)
    if (wanted && !wanted.includes(textOf(task))) return false
  }
  const names = query.filter('names')
  if (names && !names.some((name) => name.toLowerCase() === task.name.toLowerCase())) return false
  return (
    (query.labels?.(task.metadata.labels) ?? true) &&
    (query.created?.(task.created) ?? true) &&
    (query.updated?.(task.updated) ?? true)
  )
}

function answer(
  call: Call,
  query: ListQuery,
  total: number,
  tasks: readonly TaskRecord[],
  showsCommand: boolean,
): Answer {
  const view = { base: call.base, options: call.options, showsCommand }
  return ok(
    pageDocument(
      call.base + call.path,
      query,
      total,
      tasks.map((task) => presentTask(task, view)),
    ),
  )
}
