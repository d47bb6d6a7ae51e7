import type { SubmitOptions, SubmitResult } from '../../../../engine/submission-request.ts'
import { clusterNameOf } from '../../arn.ts'
import { checkStrategy, spreadOverProviders } from '../../cluster/capacity-provider.ts'
import { activeCluster, type Cluster } from '../../cluster/cluster.ts'
import { type StrategyItem, strategyItemShape } from '../../cluster/cluster-shapes.ts'
import { clientException, invalidParameter, unsupported } from '../../errors.ts'
import { type ContainerInstance, instancesOf, runsImages } from '../../instance/container-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { sha256Hex } from '../../signature/signature.ts'
import { checkPlatform } from '../../task/check-platform.ts'
import { checkClientToken, checkRun } from '../../task/check-run.ts'
import { failuresOf, fargateFailure } from '../../task/failures.ts'
import { checkFargateFeatures, featureFailures } from '../../task/missing-feature.ts'
import { newLogGroups } from '../../task/new-log-groups.ts'
import { checkedOverrides } from '../../task/overrides.ts'
import {
  checkedConstraints,
  FARGATE_PLACEMENT,
  placementConstraintsShape,
  placementOfTask,
  placementStrategyShape,
} from '../../task/placement-of-task.ts'
import { presentResults, type WireResults } from '../../task/present-results.ts'
import { requestOfTask, type TaskWish } from '../../task/request-of-task.ts'
import { commonRunMembers, launchTypeShape } from '../../task/run-shapes.ts'
import { runTags } from '../../task/run-tags.ts'
import { submitTasks, submittedTasks } from '../../task/submit-tasks.ts'
import { taskRecordOf } from '../../task/task-record.ts'
import { definitionName, findDefinition } from '../../task-definition/definition-store.ts'
import type { TaskDefinition } from '../../task-definition/task-definition.ts'
import { integer, list, structure, text, type ValueOf } from '../../wire/shape.ts'

const input = structure({
  ...commonRunMembers,
  launchType: launchTypeShape,
  capacityProviderStrategy: list(strategyItemShape),
  clientToken: text,
  count: integer,
  placementConstraints: placementConstraintsShape,
  placementStrategy: placementStrategyShape,
  platformVersion: text,
})
type RunTaskInput = ValueOf<typeof input>

const MAX_COUNT = 10
const LONGEST_STARTED_BY = 128

export const runTask = operation('RunTask', input, async (call, given) => {
  const count = checkedCount(given)
  const idempotency = idempotencyOf(given)
  const before = await submittedTasks(call, idempotency)
  if (before) return answerAgain(call, clusterNameOf(call.home, given.cluster), before)
  const cluster = await activeCluster(call, given.cluster)
  const definition = await definitionOf(call, given.taskDefinition)
  checkRun(given, definition, LONGEST_STARTED_BY)
  const providers = providersOf(given, cluster, count)
  const fargate = providers !== undefined || given.launchType === 'FARGATE'
  checkPlatform(given, definition, fargate)
  const counted = asksOfTasks(given, definition) ? 'counted' : 'uncounted'
  const instances = await instancesOf(call, fargate ? undefined : cluster.name, counted)
  if (!fargate && !instances.some((i) => i.status === 'ACTIVE'))
    throw invalidParameter('No Container Instances were found in your cluster.')
  const wish = wishOf(call, given, definition, cluster, instances, fargate)
  if (fargate) checkFargateFeatures(definition, wish.overrides)
  const lacking = featureFailures(call, definition, wish.overrides, instances)
  if (lacking) return { tasks: [], failures: Array.from({ length: count }, () => lacking).flat() }
  const changes = await newLogGroups(call, definition)
  const requests = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      requestOfTask(call, providers ? { ...wish, capacityProvider: providers[i]! } : wish, i === 0 ? changes : []),
    ),
  )
  return answerOf(call, await submitTasks(call, requests, idempotency), fargate, instances)
})

function idempotencyOf({ clientToken, ...parameters }: RunTaskInput): SubmitOptions['idempotency'] {
  checkClientToken(clientToken)
  if (clientToken === undefined) return undefined
  return { key: `RunTask/${clientToken}`, fingerprint: sha256Hex(JSON.stringify(parameters)) }
}

const answerOf = (
  call: Call,
  results: readonly SubmitResult[],
  fargate: boolean,
  instances: readonly ContainerInstance[],
): WireResults =>
  presentResults(call, results, (refused) =>
    fargate ? [fargateFailure(refused)] : failuresOf(call, refused, instances),
  )

/** A key is kept only where something was accepted: that tells where the tasks were to run. */
async function answerAgain(call: Call, cluster: string, results: readonly SubmitResult[]): Promise<WireResults> {
  const fargate = results.some((r) => r.kind === 'accepted' && taskRecordOf(r.execution)?.launchType === 'FARGATE')
  const refused = results.some((r) => r.kind === 'refused')
  return answerOf(call, results, fargate, refused && !fargate ? await instancesOf(call, cluster) : [])
}

/** Whether a constraint may ask what runs on an instance: only then is that looked at. */
const asksOfTasks = (given: RunTaskInput, definition: TaskDefinition): boolean =>
  [...(given.placementConstraints ?? []), ...definition.placementConstraints].some((c) => c.type === 'memberOf')

function checkedCount(given: RunTaskInput): number {
  if (given.launchType !== undefined && (given.capacityProviderStrategy?.length ?? 0) > 0)
    throw invalidParameter('Specify either Launch Type or Capacity Provider Strategy, but not both.')
  if ((given.volumeConfigurations?.length ?? 0) > 0)
    throw unsupported('Volumes that are configured at launch are not supported.')
  const count = given.count ?? 1
  if (count < 1 || count > MAX_COUNT) throw invalidParameter(`count must be between 1 and ${MAX_COUNT}.`)
  return count
}

/** Throws ClientException when it does not exist. */
async function definitionOf(call: Call, given: string | undefined): Promise<TaskDefinition> {
  if (given === undefined || given === '') throw clientException('TaskDefinition can not be blank.')
  const found = await findDefinition(call, definitionName(call.home, given))
  if (!found) throw clientException('TaskDefinition not found.')
  return found.body
}

/** A provider per task; undefined when a launch type says where they run. */
function providersOf(given: RunTaskInput, cluster: Cluster, count: number): readonly string[] | undefined {
  const asked: readonly StrategyItem[] = given.capacityProviderStrategy ?? []
  const strategy = asked.length > 0 || given.launchType !== undefined ? asked : cluster.defaultCapacityProviderStrategy
  if (strategy.length === 0) return undefined
  checkStrategy(strategy)
  return spreadOverProviders(strategy, count)
}

function wishOf(
  { tenant }: Call,
  given: RunTaskInput,
  definition: TaskDefinition,
  cluster: Cluster,
  instances: readonly ContainerInstance[],
  fargate: boolean,
): TaskWish {
  const constraints = checkedConstraints([...definition.placementConstraints, ...(given.placementConstraints ?? [])])
  const group = given.group || `family:${definition.family}`
  const wish = {
    tenant,
    cluster: cluster.name,
    group,
    constraints,
    strategies: given.placementStrategy ?? [],
    instances,
  }
  const placement = placementOfTask(wish)
  const launchType =
    given.capacityProviderStrategy?.length || (fargate && !given.launchType) ? undefined : (given.launchType ?? 'EC2')
  return {
    cluster: cluster.name,
    input: given,
    definition,
    overrides: checkedOverrides(given.overrides, definition),
    tags: runTags(given, definition, cluster.name),
    ...(launchType !== undefined && { launchType }),
    ...(given.platformVersion !== undefined && { platformVersion: given.platformVersion }),
    placement: fargate ? FARGATE_PLACEMENT : placement,
    cpuArchitecture: instances[0]?.attributes['ecs.cpu-architecture'] ?? 'x86_64',
    runsImages: runsImages(instances),
  }
}
