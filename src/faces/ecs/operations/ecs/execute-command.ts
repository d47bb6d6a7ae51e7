import { idWithin } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { findTask } from '../../task/find-task.ts'
import { flag, structure, text } from '../../wire/shape.ts'

const input = structure({ cluster: text, container: text, command: text, interactive: flag, task: text })

/**
 * ECS Exec needs an agent in the container, and none runs here: the truth is what AWS says of such a task. Text: AWS's
 * troubleshooting guide of ECS Exec.
 */
export const executeCommand = operation('ExecuteCommand', input, async (call, given) => {
  const cluster = await activeCluster(call, given.cluster)
  if (!given.command) throw invalidParameter('command can not be blank.')
  if (given.interactive !== true) throw invalidParameter('Interactive must be true.')
  // Text: aws-cli#10057.
  const id = given.task === undefined ? '' : idWithin(call.home, 'task', given.task, cluster.name)
  if (id.length !== 32 && id.length !== 36) throw invalidParameter('task length should be one of [32,36]')
  const found = given.task === undefined ? undefined : await findTask(call, cluster.name, given.task)
  if (!found) throw invalidParameter('The referenced task was not found.')
  throw invalidParameter(
    'The execute command failed because execute command was not enabled when the task was run or the execute command ' +
      "agent isn't running. Wait and try again or run a new task with execute command enabled and try again.",
  )
})
