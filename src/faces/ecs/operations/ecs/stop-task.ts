import { activeCluster } from '../../cluster/cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { findTask } from '../../task/find-task.ts'
import { presentTask } from '../../task/present-task.ts'
import { tagsOfTask } from '../../task/task-tags.ts'
import { structure, text } from '../../wire/shape.ts'

const input = structure({ cluster: text, task: text, reason: text })

/** Seed document, 2015-11-23. */
const LONGEST_REASON = 255

/** Answers at once; stopping goes on: SIGTERM, stopTimeout, SIGKILL. A stopped task is answered unchanged. */
export const stopTask = operation('StopTask', input, async (call, given) => {
  const cluster = await activeCluster(call, given.cluster)
  if ((given.reason?.length ?? 0) > LONGEST_REASON) throw invalidParameter(`reason longer than ${LONGEST_REASON}.`)
  const found = given.task === undefined ? undefined : await findTask(call, cluster.name, given.task)
  // Airflow's health check and Prefect's worker look for this text.
  if (!found) throw invalidParameter('The referenced task was not found.')
  const stopped = await call.engine.stop(call.tenant, found.id, {
    message: given.reason || 'Task stopped by user',
    by: call.principal.id,
  })
  return { task: presentTask(call.home, stopped, await tagsOfTask(call, stopped)) }
})
