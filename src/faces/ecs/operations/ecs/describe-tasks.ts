import { clusterNameOf, isArn, taskArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { type Call, operation } from '../../operation.ts'
import { includeTagsShape } from '../../tags.ts'
import { findTask } from '../../task/find-task.ts'
import { presentTask } from '../../task/present-task.ts'
import { tagsOfTask } from '../../task/task-tags.ts'
import { list, structure, text } from '../../wire/shape.ts'

const input = structure({ cluster: text, tasks: list(text), include: includeTagsShape })

const MAX_TASKS = 100

/** A task that is found proves its cluster: only where something is amiss is that looked up, and then refused first. */
export const describeTasks = operation('DescribeTasks', input, async (call, given) => {
  const named = [...new Set(given.tasks ?? [])]
  const cluster = clusterNameOf(call.home, given.cluster)
  if (named.length === 0 || named.length > MAX_TASKS) await refuse(call, given.cluster, named.length)
  const found = await Promise.all(named.map(async (name) => ({ name, e: await findTask(call, cluster, name) })))
  const tasks = [...new Map(found.flatMap(({ e }) => (e ? [[e.id, e]] : []))).values()]
  const missing = found.flatMap(({ name, e }) => (e ? [] : [name]))
  if (missing.length > 0) await activeCluster(call, given.cluster)
  const withTags = given.include?.includes('TAGS') ?? false
  return {
    tasks: await Promise.all(
      tasks.map(async (e) => presentTask(call.home, e, withTags ? await tagsOfTask(call, e) : [])),
    ),
    failures: missing.map((name) => ({
      arn: isArn(name) ? name : taskArn(call.home, cluster, name),
      reason: 'MISSING',
    })),
  }
})

async function refuse(call: Call, cluster: string | undefined, count: number): Promise<never> {
  await activeCluster(call, cluster)
  throw invalidParameter(count === 0 ? 'Tasks cannot be empty.' : `taskIds can have at most ${MAX_TASKS} items.`)
}
