/**
 * Log streams. A task's stream is never stored: its name tells the task, whose execution tells whether it is so. Streams
 * that clients create are documents.
 */
import { isEngineError } from '../../../core/engine-error.ts'
import type { Execution } from '../../../core/execution.ts'
import type { Instant } from '../../../core/instant.ts'
import { COLLECTIONS } from '../documents.ts'
import { executionIdOf } from '../identifiers.ts'
import type { Call } from '../operation.ts'
import { engineExecutions } from '../task/engine-executions.ts'
import { familyOfGroup } from '../task/log-target.ts'
import { logGroupRef } from '../task/request-of-task.ts'
import { containerRecordOf, taskRecordOf } from '../task/task-record.ts'

export type LogStream = TaskStream | ClientStream

export interface TaskStream {
  readonly kind: 'task'
  readonly group: string
  readonly name: string
  readonly createdAt: Instant
  readonly execution: Execution
  readonly ordinal: number
}

export interface ClientStream {
  readonly kind: 'client'
  readonly group: string
  readonly name: string
  readonly createdAt: Instant
}

export const streamKey = (group: string, name: string): string => `${group}:${name}`

/** Undefined when the group has no such stream. */
export async function findStream(call: Call, group: string, name: string): Promise<LogStream | undefined> {
  const stored = await call.engine.document<ClientStream>(call.tenant, COLLECTIONS.logStream, streamKey(group, name))
  if (stored) return stored.body
  const id = executionIdOf(name.slice(name.lastIndexOf('/') + 1))
  const named = id === undefined ? undefined : await call.engine.execution(call.tenant, id).catch(undefinedIfMissing)
  const found = named && streamsOf(named, group).find((s) => s.name === name)
  return found ?? (/^[0-9a-f]{64}$/.test(name) ? await streamOfContainerId(call, group, name) : undefined)
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isEngineError(error, 'not_found')) throw error
  return undefined
}

/** Without a prefix a stream is named after a container's id, which does not tell the task: it is searched for. */
async function streamOfContainerId(call: Call, group: string, name: string): Promise<LogStream | undefined> {
  for await (const stream of taskStreams(call, group)) if (stream.name === name) return stream
  return undefined
}

/** The streams of one task that belong to this group. */
function streamsOf(e: Execution, group: string): readonly TaskStream[] {
  if (!taskRecordOf(e)) return []
  return e.submission.plan.steps.flatMap((_, ordinal) => {
    const { log } = containerRecordOf(e, ordinal)
    if (log.group !== group) return []
    return [{ kind: 'task', group, name: log.stream, createdAt: e.submission.acceptedAt, execution: e, ordinal }]
  })
}

const MOST_GROUPS_OF_A_TASK = 10

/** Every task's streams of the group. */
export async function* taskStreams(call: Call, group: string): AsyncIterable<TaskStream> {
  const seen = new Set<string>()
  for (const refs of refsOfGroup(group)) {
    for await (const e of engineExecutions(call, { refs })) {
      if (seen.has(e.id)) continue
      seen.add(e.id)
      yield* streamsOf(e, group)
    }
  }
}

/** By what tasks that write to the group can be found: a default group by its family. */
function refsOfGroup(group: string): readonly Readonly<Record<string, string>>[] {
  const family = familyOfGroup(group)
  const named = Array.from({ length: MOST_GROUPS_OF_A_TASK }, (_, i) => ({ [logGroupRef(i)]: group }))
  return family === undefined ? named : [{ 'ecs.family': family }, ...named]
}
