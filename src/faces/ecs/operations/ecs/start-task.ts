import { instanceArn, isArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { clientException, invalidParameter, unsupported } from '../../errors.ts'
import { type ContainerInstance, runsImages } from '../../instance/container-instance.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { checkRun } from '../../task/check-run.ts'
import { type Failure, failuresOf } from '../../task/failures.ts'
import { featureFailures } from '../../task/missing-feature.ts'
import { newLogGroups } from '../../task/new-log-groups.ts'
import { checkedOverrides } from '../../task/overrides.ts'
import { presentResults } from '../../task/present-results.ts'
import { requestOfTask } from '../../task/request-of-task.ts'
import { commonRunMembers } from '../../task/run-shapes.ts'
import { runTags } from '../../task/run-tags.ts'
import { submitTasks } from '../../task/submit-tasks.ts'
import { definitionName, findDefinition } from '../../task-definition/definition-store.ts'
import { list, structure, text } from '../../wire/shape.ts'

const input = structure({ ...commonRunMembers, containerInstances: list(text) })

const MAX_INSTANCES = 10
const LONGEST_STARTED_BY = 36

/** One task on each named instance, or a failure for it. */
export const startTask = operation('StartTask', input, async (call, given) => {
  const named = given.containerInstances ?? []
  if (named.length === 0) throw invalidParameter('Container Instances cannot be empty.')
  if (named.length > MAX_INSTANCES) throw invalidParameter(`instanceIds can have at most ${MAX_INSTANCES} items.`)
  if ((given.volumeConfigurations?.length ?? 0) > 0)
    throw unsupported('Volumes that are configured at launch are not supported.')
  const cluster = await activeCluster(call, given.cluster)
  if (!given.taskDefinition) throw clientException('TaskDefinition can not be blank.')
  const definition = (await findDefinition(call, definitionName(call.home, given.taskDefinition)))?.body
  if (!definition) throw clientException('TaskDefinition not found.')
  checkRun(given, definition, LONGEST_STARTED_BY)
  const find = await instanceFinder(call, cluster.name)
  const targets = named.map((name) => ({ name, instance: find(name) }))
  const usable = targets.flatMap(({ instance }) => (instance && instance.status !== 'INACTIVE' ? [instance] : []))
  const failures = targets.flatMap(({ name, instance }) => unusable(call, cluster.name, name, instance))
  const overrides = checkedOverrides(given.overrides, definition)
  const lacking = featureFailures(call, definition, overrides, usable)
  if (lacking) return { tasks: [], failures: [...failures, ...lacking] }
  const changes = await newLogGroups(call, definition)
  const wish = {
    cluster: cluster.name,
    input: given,
    definition,
    overrides,
    tags: runTags(given, definition, cluster.name),
    launchType: 'EC2',
  } as const
  const requests = await Promise.all(
    usable.map((instance, i) =>
      requestOfTask(
        call,
        {
          ...wish,
          placement: { node: instance.nodeId },
          cpuArchitecture: instance.attributes['ecs.cpu-architecture'] ?? 'x86_64',
          runsImages: runsImages(usable),
        },
        i === 0 ? changes : [],
      ),
    ),
  )
  const results = await submitTasks(call, requests)
  const answer = presentResults(call, results, (refused, i) => failuresOf(call, refused, [usable[i]!]))
  return { ...answer, failures: [...failures, ...answer.failures] }
})

function unusable(
  call: Call,
  cluster: string,
  name: string,
  instance: ContainerInstance | undefined,
): readonly Failure[] {
  if (instance && instance.status !== 'INACTIVE') return []
  const arn = instance
    ? instanceArn(call.home, cluster, instance.id)
    : isArn(name)
      ? name
      : instanceArn(call.home, cluster, name)
  return [{ arn, reason: instance ? 'INACTIVE' : 'MISSING' }]
}
