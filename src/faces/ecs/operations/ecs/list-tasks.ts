import type { Execution } from '../../../../core/execution.ts'
import type { ExecutionFilter } from '../../../../core/ports/store.ts'
import { taskArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { AwsError, invalidParameter } from '../../errors.ts'
import { taskIdOf } from '../../identifiers.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { isStopping } from '../../task/life-cycle.ts'
import { launchTypeShape } from '../../task/run-shapes.ts'
import { taskRecordOf } from '../../task/task-record.ts'
import { cursorOf, pageSize, pageToken } from '../../wire/page-token.ts'
import { integer, oneOf, structure, text, type ValueOf } from '../../wire/shape.ts'

const input = structure({
  cluster: text,
  containerInstance: text,
  family: text,
  nextToken: text,
  maxResults: integer,
  startedBy: text,
  serviceName: text,
  desiredStatus: oneOf('RUNNING', 'PENDING', 'STOPPED'),
  launchType: launchTypeShape,
  daemonName: text,
})
type ListTasksInput = ValueOf<typeof input>

/** Newest first. A page may hold fewer than asked for and still be followed by another, but never nothing. */
export const listTasks = operation('ListTasks', input, async (call, given) => {
  const limit = pageSize(given.maxResults)
  checkCombination(given)
  const cluster = await activeCluster(call, given.cluster)
  if (given.serviceName !== undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.')
  const filter = await filterOf(call, given, cluster.name)
  if (filter === undefined) return { taskArns: [] }
  const arns: string[] = []
  let after = cursorOf('tasks', given.nextToken)
  do {
    const page = await call.engine.executions(call.tenant, filter, {
      limit: limit - arns.length,
      ...(after && { after }),
    })
    const wanted = page.items.filter((e) => isWanted(e, given))
    arns.push(...wanted.map((e) => taskArn(call.home, cluster.name, taskIdOf(e.id))))
    after = page.next
  } while (after !== undefined && arns.length === 0)
  return { taskArns: arns, ...(after !== undefined && { nextToken: pageToken('tasks', after) }) }
})

/** `cluster` and `desiredStatus` may go with `startedBy`: Airflow's reattach sends both. `serviceName`: boto3#874. */
function checkCombination(given: ListTasksInput): void {
  const { startedBy, family, launchType, containerInstance, serviceName } = given
  if (serviceName !== undefined && (family ?? containerInstance ?? startedBy) !== undefined)
    throw invalidParameter('cannot specify serviceName with other arguments')
  if (startedBy !== undefined && (family ?? launchType ?? containerInstance ?? serviceName) !== undefined)
    throw invalidParameter('cannot specify startedBy with other arguments')
}

function isWanted(e: Execution, { desiredStatus = 'RUNNING', launchType }: ListTasksInput): boolean {
  if (desiredStatus === 'PENDING' || isStopping(e) !== (desiredStatus === 'STOPPED')) return false
  return launchType === undefined || taskRecordOf(e)?.launchType === launchType
}

/** Undefined when nothing can match. */
async function filterOf(call: Call, given: ListTasksInput, cluster: string): Promise<ExecutionFilter | undefined> {
  // There are no daemons, so no task is one's.
  if (given.daemonName !== undefined) return undefined
  const refs = {
    'ecs.cluster': cluster,
    ...(given.family !== undefined && { 'ecs.family': given.family }),
    ...(given.startedBy !== undefined && { 'ecs.startedBy': given.startedBy }),
  }
  const filter = { face: 'ecs', refs, ...((given.desiredStatus ?? 'RUNNING') === 'RUNNING' && { active: true }) }
  if (given.containerInstance === undefined) return filter
  const instance = (await instanceFinder(call, cluster))(given.containerInstance)
  if (!instance) throw invalidParameter('The referenced container instance was not found.')
  return { ...filter, node: instance.nodeId }
}
