import { isArn, taskArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { includeTagsShape } from '../../tags.ts'
import { findTask } from '../../task/find-task.ts'
import { presentTask } from '../../task/present-task.ts'
import { tagsOfTask } from '../../task/task-tags.ts'
import { list, structure, text } from '../../wire/shape.ts'

const input = structure({ cluster: text, tasks: list(text), include: includeTagsShape })

const MAX_TASKS = 100

export const describeTasks = operation('DescribeTasks', input, async (call, given) => {
  const cluster = await activeCluster(call, given.cluster)
  const named = given.tasks ?? []
  if (named.length === 0) throw invalidParameter('Tasks cannot be empty.')
  if (named.length > MAX_TASKS) throw invalidParameter(`taskIds can have at most ${MAX_TASKS} items.`)
  const withTags = given.include?.includes('TAGS') ?? false
  const found = await Promise.all(
    [...new Set(named)].map(async (name) => ({ name, e: await findTask(call, cluster.name, name) })),
  )
  const tasks = found.flatMap(({ e }) => (e ? [e] : []))
  const missing = found.flatMap(({ name, e }) => (e ? [] : [name]))
  return {
    tasks: await Promise.all(
      tasks.map(async (e) => presentTask(call.home, e, withTags ? await tagsOfTask(call, e) : [])),
    ),
    failures: missing.map((name) => ({
      arn: isArn(name) ? name : taskArn(call.home, cluster.name, name),
      reason: 'MISSING',
    })),
  }
})
