/** Only tasks of services can be protected from scale-in: every other is `TASK_NOT_VALID`, as at AWS. */
import { isArn, taskArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { type Call, operation } from '../../operation.ts'
import { findTask } from '../../task/find-task.ts'
import { flag, integer, list, structure, text } from '../../wire/shape.ts'

const getInput = structure({ cluster: text, tasks: list(text) })
const updateInput = structure({ cluster: text, tasks: list(text), protectionEnabled: flag, expiresInMinutes: integer })

export const getTaskProtection = operation('GetTaskProtection', getInput, (call, given) =>
  answer(call, given.cluster, given.tasks),
)

export const updateTaskProtection = operation('UpdateTaskProtection', updateInput, (call, given) => {
  if (given.protectionEnabled === undefined) throw invalidParameter('protectionEnabled must not be null')
  return answer(call, given.cluster, given.tasks)
})

async function answer(call: Call, given: string | undefined, tasks: readonly string[] = []): Promise<object> {
  const cluster = await activeCluster(call, given)
  if (tasks.length > 10) throw invalidParameter('tasks can have at most 10 items.')
  const failures = tasks.map(async (name) => ({
    arn: isArn(name) ? name : taskArn(call.home, cluster.name, name),
    reason: (await findTask(call, cluster.name, name)) ? 'TASK_NOT_VALID' : 'MISSING',
  }))
  return { protectedTasks: [], failures: await Promise.all(failures) }
}
