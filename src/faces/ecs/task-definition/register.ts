import type { Instant } from '../../../core/instant.ts'
import type { EcsOptions } from '../options.ts'
import { checkedTags } from '../tags.ts'
import { checkDefinition } from './check-definition.ts'
import type { ContainerDefinitionInput, PortMapping } from './container-definition-shape.ts'
import { cpuText, memoryText } from './size-text.ts'
import type { Compatibility, ContainerDefinition, TaskDefinition } from './task-definition.ts'
import type { RegisterTaskDefinitionInput } from './task-definition-shape.ts'

/** What a registration becomes: checked, with sizes normalised and defaults filled in; the revision comes later. */
export function definitionOf(
  input: RegisterTaskDefinitionInput,
  options: EcsOptions,
  by: string,
  now: Instant,
): Omit<TaskDefinition, 'revision'> {
  const tags = checkedTags(input.tags)
  const sized = {
    ...input,
    ...(input.cpu !== undefined && { cpu: cpuText(input.cpu) }),
    ...(input.memory !== undefined && { memory: memoryText(input.memory) }),
  }
  checkDefinition(sized, options)
  const { family, containerDefinitions, volumes, placementConstraints, tags: _, ...rest } = sized
  return {
    ...rest,
    family: family!,
    containerDefinitions: containerDefinitions!.map((c) => withDefaults(c, input.networkMode)),
    volumes: volumes ?? [],
    placementConstraints: placementConstraints ?? [],
    compatibilities: compatibilitiesOf(input),
    status: 'ACTIVE',
    registeredAt: now,
    registeredBy: by,
    tags,
  }
}

function withDefaults(input: ContainerDefinitionInput, mode: TaskDefinition['networkMode']): ContainerDefinition {
  return {
    cpu: 0,
    essential: true,
    environment: [],
    mountPoints: [],
    volumesFrom: [],
    systemControls: [],
    ...input,
    name: input.name!,
    image: input.image!,
    portMappings: (input.portMappings ?? []).map((mapping) => completed(mapping, mode)),
  }
}

/** Protocol tcp; the host port equals the container's in host and awsvpc mode, else 0: one is found when the task runs. */
function completed(mapping: PortMapping, mode: TaskDefinition['networkMode']): PortMapping {
  const { containerPort } = mapping
  if (containerPort === undefined) return { protocol: 'tcp', ...mapping }
  const hostPort = mode === 'awsvpc' || mode === 'host' ? containerPort : 0
  return { hostPort, protocol: 'tcp', ...mapping }
}

/** awsvpc definitions may run on Fargate too; Fargate cannot be EXTERNAL, nor can awsvpc. */
function compatibilitiesOf(input: RegisterTaskDefinitionInput): readonly Compatibility[] {
  return input.networkMode === 'awsvpc' ? ['EC2', 'FARGATE'] : ['EXTERNAL', 'EC2']
}
