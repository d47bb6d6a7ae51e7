/**
 * Whose output a source of the log cache is: an app's tasks and builds, or one task alone (beyond Cloud Foundry).
 *
 * An app's source reaches back to what runs and the thousand tasks that ended last: like Cloud Foundry's log cache it is a
 * window, so that following the log of an app with very many tasks costs no more than of one with few. What a task
 * wrote is all there under the task's own guid.
 */
import type { Instant } from '../../../core/instant.ts'
import type { App, Build } from '../documents.ts'
import { COLLECTIONS, type Space } from '../documents.ts'
import type { Call } from '../operation.ts'
import { activeTasks } from '../task/active-tasks.ts'
import { type EndedTask, sortOfEnd } from '../task/ended-task.ts'
import type { TaskRecord } from '../task/task-record.ts'

export interface LogOrigin {
  /** The execution that writes it. */
  readonly execution: string
  readonly created: Instant
  /** Absent while it goes on. */
  readonly ended?: Instant
  readonly tags: Readonly<Record<string, string>>
  /** What is told of its end. */
  readonly lastWord?: string
}

const STARTED = ['RUNNING', 'CANCELING'] as const

/** Ended tasks that the source of an app reaches back to. */
const NEWEST = 1_000
const NS_PER_MS = 1_000_000n
/** An end and its last line may be told at times that differ by clock and rounding, ms. */
const SLACK_MS = 2_000

/** `from`: nanoseconds; nothing is asked of what ended before. */
export async function originsOfSource(call: Call, source: string, from: bigint): Promise<readonly LogOrigin[]> {
  const own = await call.records.find<TaskRecord>(COLLECTIONS.task, source)
  if (own) return [originOfTask(own)]
  // In this order: what ends meanwhile is found twice, not missed. What has not run has no log.
  const active = (await activeTasks(call.records, STARTED)).filter(
    (task) => task.app === source && task.ran !== undefined,
  )
  const over = await endedTasks(call, source, Number(from / NS_PER_MS) - SLACK_MS)
  const tasks = new Map([...active, ...over].map((task) => [task.guid, originOfTask(task)]))
  return [...tasks.values(), ...(await buildsOfApp(call, source))]
}

async function endedTasks({ engine, caller }: Call, app: string, since: Instant): Promise<readonly EndedTask[]> {
  const { items } = await engine.documents<EndedTask>(caller.tenant, COLLECTIONS.endedTask, {
    index: { name: 'app', value: app },
    sortFrom: sortOfEnd(since),
    limit: NEWEST,
    ascending: false,
  })
  return items.map(({ body }) => body)
}

async function buildsOfApp(call: Call, guid: string): Promise<readonly LogOrigin[]> {
  const { records } = call
  const builds = await records.newest<Build>(COLLECTIONS.build, { name: 'app', value: guid }, NEWEST)
  const written = builds.filter((build) => build.execution !== undefined)
  if (written.length === 0) return []
  const app = await records.find<App>(COLLECTIONS.app, guid)
  const space = app && (await records.find<Space>(COLLECTIONS.space, app.space))
  return app && space ? written.map((build) => originOfBuild(build, app, space)) : []
}

const originOfTask = (task: TaskRecord | EndedTask): LogOrigin => ({
  execution: task.guid,
  created: task.created,
  ...(task.ended !== undefined && { ended: task.ended }),
  tags: tagsOf(
    { guid: task.app, name: task.appName },
    { guid: task.space, name: task.spaceName, org: task.org },
    `APP/TASK/${task.name}`,
    { task_id: task.guid },
  ),
  ...(task.ended !== undefined && task.exitCode !== undefined && { lastWord: `Exit status ${task.exitCode}` }),
})

const originOfBuild = (build: Build, app: App, space: Space): LogOrigin => ({
  execution: build.execution!,
  created: build.created,
  ...(build.state !== 'STAGING' && { ended: build.updated }),
  tags: tagsOf(app, space, 'STG', { build_id: build.guid }),
})

const tagsOf = (
  app: { readonly guid: string; readonly name: string },
  space: { readonly guid: string; readonly name: string; readonly org: string },
  sourceType: string,
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => ({
  app_id: app.guid,
  app_name: app.name,
  instance_id: '0',
  organization_id: space.org,
  source_id: app.guid,
  source_type: sourceType,
  space_id: space.guid,
  space_name: space.name,
  ...own,
})
