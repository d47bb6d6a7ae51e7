/** Tasks: names with numbered revisions. The name's document knows the newest; each revision is a document of its own. */
import { invalid, notFound } from '../core/engine-error.ts'
import type { Tenant } from '../core/identity.ts'
import { checkPlan } from '../core/plan.ts'
import type { Change, DocumentPut, Page, Paged } from '../core/ports/store.ts'
import type { Task, TaskSpec } from '../core/task.ts'
import { checkSchedule } from '../scheduler/cron.ts'
import { checkStep } from './check-submission.ts'
import { commitUnlessConflict } from './commit-unless-conflict.ts'
import type { Context } from './context.ts'

export const TASKS = 'taskport/task'
export const REVISIONS = 'taskport/task-revision'

/** The name's document: a copy of the newest revision. */
export type TaskDocument = Task

const revisionKey = (name: string, revision: number): string => `${name}:${String(revision).padStart(10, '0')}`

export async function registerTask(
  context: Context,
  tenant: Tenant,
  name: string,
  spec: TaskSpec,
): Promise<{ readonly task: Task; readonly created: boolean }> {
  if (name === '') throw invalid('name', 'a task needs a name')
  checkPlan(spec.plan)
  for (const [i, step] of spec.plan.steps.entries()) checkStep(step, `plan.steps[${i}]`)
  if (spec.schedule) checkSchedule(spec.schedule, 'schedule')
  for (;;) {
    const newest = await context.store.document<TaskDocument>(tenant, TASKS, name)
    if (newest?.body.state === 'active' && sameSpec(newest.body.spec, spec))
      return { task: newest.body, created: false }
    const revision = (newest?.body.revision ?? 0) + 1
    const task: Task = { tenant, name, revision, spec, state: 'active', registeredAt: context.now() }
    if (await commitUnlessConflict(context, [putName(task, newest?.version ?? 0), putRevision(task, 0)]))
      return { task, created: true }
  }
}

const sameSpec = (a: TaskSpec, b: TaskSpec): boolean => canonical(a) === canonical(b)

/** JSON with sorted keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )

function putName(task: Task, expected: number): DocumentPut {
  const scheduled = task.state === 'active' && task.spec.schedule !== undefined
  return {
    kind: 'document.put',
    tenant: task.tenant,
    collection: TASKS,
    key: task.name,
    sort: task.name,
    body: task,
    expected,
    ...(scheduled && { indexes: { scheduled: 'yes' } }),
  }
}

function putRevision(task: Task, expected: number | undefined): DocumentPut {
  const key = revisionKey(task.name, task.revision)
  const indexes = { name: task.name }
  const put = {
    kind: 'document.put',
    tenant: task.tenant,
    collection: REVISIONS,
    key,
    sort: key,
    indexes,
    body: task,
  } as const
  return expected === undefined ? put : { ...put, expected }
}

export async function findTask(
  context: Context,
  tenant: Tenant,
  name: string,
  revision?: number,
): Promise<Task | undefined> {
  if (revision === undefined) return (await context.store.document<Task>(tenant, TASKS, name))?.body
  return (await context.store.document<Task>(tenant, REVISIONS, revisionKey(name, revision)))?.body
}

export async function requireTask(context: Context, tenant: Tenant, name: string, revision?: number): Promise<Task> {
  const task = await findTask(context, tenant, name, revision)
  if (!task) throw notFound('task', revision === undefined ? name : `${name}:${revision}`)
  return task
}

export async function listTasks(context: Context, tenant: Tenant, page: Page): Promise<Paged<Task>> {
  return bodies(await context.store.documents<Task>(tenant, TASKS, { ...page, ascending: page.ascending ?? true }))
}

export async function listRevisions(context: Context, tenant: Tenant, name: string, page: Page): Promise<Paged<Task>> {
  return bodies(
    await context.store.documents<Task>(tenant, REVISIONS, { ...page, index: { name: 'name', value: name } }),
  )
}

const bodies = <Body>(page: Paged<{ readonly body: Body }>): Paged<Body> => ({
  ...page,
  items: page.items.map((d) => d.body),
})

/** Without a revision: all of them, so that the name starts nothing any more. */
export async function deactivateTask(context: Context, tenant: Tenant, name: string, revision?: number): Promise<void> {
  const newest = await context.store.document<Task>(tenant, TASKS, name)
  if (!newest) throw notFound('task', name)
  const wanted = await requireTask(context, tenant, name, revision ?? newest.body.revision)
  const inactive: Task = { ...wanted, state: 'inactive' }
  const changes: Change[] = [putRevision(inactive, undefined)]
  if (wanted.revision === newest.body.revision) changes.push(putName(inactive, newest.version))
  if (!(await commitUnlessConflict(context, changes))) return deactivateTask(context, tenant, name, revision)
}
