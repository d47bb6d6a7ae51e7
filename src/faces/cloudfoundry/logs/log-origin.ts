/**
 * Whose output a source of the log cache is: an app's tasks and builds, or one task alone (beyond Cloud Foundry).
 *
 * An app's source reaches back to what runs, what ended lately and its newest tasks: like Cloud Foundry's log cache it is a
 * window, so that following the log of an app with very many tasks costs no more than of one with few. What a task
 * wrote is all there under the task's own guid.
 */
import type { Instant } from '../../../core/instant.ts'
import type { App, Build } from '../documents.ts'
import { COLLECTIONS, type Space } from '../documents.ts'
import type { Call } from '../operation.ts'
import { activeTasks } from '../task/active-tasks.ts'
import { endedBucket, endedBuckets, isFinalTask, type TaskRecord } from '../task/task-record.ts'

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

/** Tasks that the source of an app reaches back to, besides those that run or ended lately. */
const NEWEST = 1_000
const NS_PER_MS = 1_000_000n

/** `from`: nanoseconds; nothing is asked of what ended before. */
export async function originsOfSource(call: Call, source: string, from: bigint): Promise<readonly LogOrigin[]> {
  const own = await call.records.find<TaskRecord>(COLLECTIONS.task, source)
  if (own) return [originOfTask(own)]
  const tasks = await tasksOfApp(call, source, from)
  return [...tasks.map(originOfTask), ...(await buildsOfApp(call, source))]
}

async function tasksOfApp(call: Call, app: string, from: bigint): Promise<readonly TaskRecord[]> {
  const { records } = call
  const buckets = endedBuckets(app, records.now())
  const since = buckets.findIndex((bucket) => bucket === endedBucket(app, Number(from / NS_PER_MS)))
  const concerned = since === -1 ? buckets : buckets.slice(0, since + 1)
  const [active, newest, ...ended] = await Promise.all([
    activeTasks(records),
    since === -1 ? records.newest<TaskRecord>(COLLECTIONS.task, { name: 'app', value: app }, NEWEST) : [],
    ...concerned.map((value) => records.all<TaskRecord>(COLLECTIONS.task, { name: 'ended', value })),
  ])
  // Later reads win: what was active may have ended meanwhile, not the other way about.
  const all = [...active.filter((task) => task.app === app), ...newest, ...ended.flat()]
  return [...new Map(all.map((task) => [task.guid, task])).values()]
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

const originOfTask = (task: TaskRecord): LogOrigin => ({
  execution: task.guid,
  created: task.created,
  ...(task.ended !== undefined && { ended: task.ended }),
  tags: tagsOf(
    { guid: task.app, name: task.appName },
    { guid: task.space, name: task.spaceName, org: task.org },
    `APP/TASK/${task.name}`,
    { task_id: task.guid },
  ),
  ...(isFinalTask(task.state) && task.exitCode !== undefined && { lastWord: `Exit status ${task.exitCode}` }),
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
