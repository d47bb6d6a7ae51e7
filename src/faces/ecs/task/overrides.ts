import { clientException, invalidParameter } from '../errors.ts'
import {
  environmentFileShape,
  type KeyValue,
  keyValueShape,
  resourceRequirementShape,
} from '../task-definition/container-definition-shape.ts'
import { cpuText, memoryText } from '../task-definition/size-text.ts'
import type { ContainerDefinition, TaskDefinition } from '../task-definition/task-definition.ts'
import { integer, list, structure, text, type ValueOf } from '../wire/shape.ts'

const containerOverrideShape = structure({
  name: text,
  command: list(text),
  environment: list(keyValueShape),
  environmentFiles: list(environmentFileShape),
  cpu: integer,
  memory: integer,
  memoryReservation: integer,
  resourceRequirements: list(resourceRequirementShape),
})

export const taskOverrideShape = structure({
  containerOverrides: list(containerOverrideShape),
  cpu: text,
  inferenceAcceleratorOverrides: list(structure({ deviceName: text, deviceType: text })),
  executionRoleArn: text,
  memory: text,
  taskRoleArn: text,
  ephemeralStorage: structure({ sizeInGiB: integer }, ['sizeInGiB']),
})

export type TaskOverride = ValueOf<typeof taskOverrideShape>
export type ContainerOverride = ValueOf<typeof containerOverrideShape>

/** Including the JSON's own characters (seed document; two public issues quote the text). */
const MAX_CHARACTERS = 8192

/** Throws InvalidParameterException. Returns the overrides with their sizes normalised. */
export function checkedOverrides(given: TaskOverride | undefined, definition: TaskDefinition): TaskOverride {
  if (given === undefined) return {}
  if (JSON.stringify(given).length > MAX_CHARACTERS)
    throw invalidParameter(`Container Overrides length must be at most ${MAX_CHARACTERS}`)
  const names = new Set(definition.containerDefinitions.map((c) => c.name))
  for (const override of given.containerOverrides ?? []) checkContainerOverride(override, names)
  return {
    ...given,
    ...(given.cpu !== undefined && { cpu: cpuText(given.cpu) }),
    ...(given.memory !== undefined && { memory: memoryText(given.memory) }),
  }
}

function checkContainerOverride(override: ContainerOverride, names: ReadonlySet<string>): void {
  if (override.name === undefined || override.name === '')
    throw clientException('Container.name should not be null or empty.')
  if (!names.has(override.name))
    throw invalidParameter(`Override for container named ${override.name} is not a container in the TaskDefinition.`)
  for (const name of ['cpu', 'memory', 'memoryReservation'] as const)
    if ((override[name] ?? 0) < 0)
      throw invalidParameter(`Override of '${name}' for container ${override.name} cannot be negative.`)
  for (const { name } of override.environment ?? [])
    if (name === undefined || name === '' || name.includes('=') || name.includes('\0'))
      throw invalidParameter(`An environment override of container ${override.name} has no valid name.`)
}

/** A container with what its overrides change: `command` replaces, `environment` merges by name. */
export function overridden(container: ContainerDefinition, overrides: TaskOverride): ContainerDefinition {
  let changed = container
  for (const override of overrides.containerOverrides ?? [])
    if (override.name === container.name) changed = withOverride(changed, override)
  return changed
}

function withOverride(container: ContainerDefinition, override: ContainerOverride): ContainerDefinition {
  const { name: _, environment = [], environmentFiles = [], ...rest } = override
  const files = [...(container.environmentFiles ?? []), ...environmentFiles]
  return {
    ...container,
    ...rest,
    environment: mergedEnvironment(container.environment, environment),
    ...(files.length > 0 && { environmentFiles: files }),
  }
}

function mergedEnvironment(base: readonly KeyValue[], over: readonly KeyValue[]): readonly KeyValue[] {
  const names = new Set(over.map((v) => v.name))
  return [...base.filter((v) => !names.has(v.name)), ...over]
}
