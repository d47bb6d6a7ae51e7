import { instanceArn } from '../arn.ts'
import { AwsError } from '../errors.ts'
import type { ContainerInstance } from '../instance/container-instance.ts'
import type { Call } from '../operation.ts'
import type { TaskDefinition } from '../task-definition/task-definition.ts'
import type { Failure } from './failures.ts'
import { overridden, type TaskOverride } from './overrides.ts'

/** What a definition may ask for and no instance here has: accelerators, and Windows. Undefined where it asks for neither. */
function missingFeature(definition: TaskDefinition, overrides: TaskOverride): Failure['reason'] | undefined {
  const wanted = definition.containerDefinitions
    .map((c) => overridden(c, overrides))
    .flatMap((c) => c.resourceRequirements ?? [])
  if (wanted.some((r) => r.type === 'GPU' && Number(r.value) > 0)) return 'RESOURCE:GPU'
  const windows = definition.runtimePlatform?.operatingSystemFamily?.startsWith('WINDOWS')
  return windows || wanted.some((r) => r.type === 'InferenceAccelerator') ? 'ATTRIBUTE' : undefined
}

/** One failure for each task on each instance that it might have run on; undefined where nothing is missing. */
export function featureFailures(
  call: Call,
  definition: TaskDefinition,
  overrides: TaskOverride,
  instances: readonly ContainerInstance[],
): readonly Failure[] | undefined {
  const reason = missingFeature(definition, overrides)
  if (reason === undefined) return undefined
  const usable = instances.filter((i) => i.status !== 'INACTIVE')
  return usable.map((i) => ({ arn: instanceArn(call.home, i.cluster, i.id), reason }))
}

/** Fargate speaks of no instances (text: CircleCI-Public/aws-ecs-orb#121). */
export function checkFargateFeatures(definition: TaskDefinition, overrides: TaskOverride): void {
  if (missingFeature(definition, overrides) !== undefined)
    throw new AwsError(
      'PlatformTaskDefinitionIncompatibilityException',
      'One or more of the requested capabilities are not supported.',
    )
}
