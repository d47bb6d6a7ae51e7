/**
 * What registration refuses, with AWS's texts where they are known: reference ecs.md 4.4, and public issues that quote
 * them (eagletmt/hako#68 and #99, amazon-ecs-agent#1220, aws-cli#7288, ecs-deplojo#26, Shippable/support#4194,
 * amazon-ecs-cli#184, pulumi-awsx#188).
 */

import { parseQuery } from '../cluster-query/parse-query.ts'
import { clientException } from '../errors.ts'
import type { EcsOptions } from '../options.ts'
import { checkContainer } from './check-container.ts'
import { checkDependencies } from './check-dependencies.ts'
import type { ContainerDefinitionInput } from './container-definition-shape.ts'
import { isFargateSize } from './fargate-size.ts'
import type { RegisterTaskDefinitionInput } from './task-definition-shape.ts'

const MAX_BYTES = 64 * 1024
const MAX_CONTAINERS = 10
const NAME = /^[A-Za-z0-9_-]{1,255}$/

export function checkDefinition(input: RegisterTaskDefinitionInput, options: EcsOptions): void {
  checkSize(input)
  checkFamily(input.family)
  const containers = input.containerDefinitions ?? []
  if (containers.length === 0) throw clientException('Container list cannot be empty.')
  if (containers.length > MAX_CONTAINERS) throw clientException('Too many containers.')
  checkNames(containers)
  for (const container of containers) checkContainer(container, input)
  if (!containers.some((c) => c.essential ?? true))
    throw clientException("Task definition doesn't have any essential container.")
  checkHostPorts(containers, input.networkMode)
  checkDependencies(containers)
  checkVolumes(input)
  checkTaskSize(input, containers)
  if (input.requiresCompatibilities?.includes('FARGATE')) checkFargate(input, options)
  for (const constraint of input.placementConstraints ?? []) parseQuery(constraint.expression ?? '')
  if ((input.placementConstraints?.length ?? 0) > 10)
    throw clientException('Too many placement constraints. The limit is 10.')
  for (const role of [input.taskRoleArn, input.executionRoleArn]) checkRole(role)
}

function checkSize(input: RegisterTaskDefinitionInput): void {
  const bytes = Buffer.byteLength(JSON.stringify(input))
  if (bytes > MAX_BYTES) throw clientException(`Actual length: '${bytes}'. Max allowed length is '${MAX_BYTES}' bytes.`)
}

function checkFamily(family: string | undefined): void {
  if (family === undefined || family === '') throw clientException('Family should not be null or empty.')
  if (!NAME.test(family))
    throw clientException('Invalid family name. Up to 255 letters, digits, hyphens and underscores are allowed.')
}

function checkNames(containers: readonly ContainerDefinitionInput[]): void {
  const names = new Set<string>()
  for (const { name, image } of containers) {
    if (name === undefined || name === '') throw clientException('Container.name should not be null or empty.')
    if (!NAME.test(name)) throw clientException('Container.name contains invalid characters.')
    if (image === undefined || image === '') throw clientException('Container.image should not be null or empty.')
    if (names.has(name)) throw clientException(`Container.name must be unique: '${name}' is used more than once.`)
    names.add(name)
  }
}

/** The containers of a task share its host's ports: its machine's in bridge and host mode, its interface's in awsvpc. */
function checkHostPorts(
  containers: readonly ContainerDefinitionInput[],
  mode: RegisterTaskDefinitionInput['networkMode'],
): void {
  const own = mode === 'host' || mode === 'awsvpc'
  const seen = new Set<string>()
  for (const { hostPort, containerPort, protocol = 'tcp' } of containers.flatMap((c) => c.portMappings ?? [])) {
    const port = own ? containerPort : hostPort
    if (!port) continue
    const key = `${protocol.toUpperCase()} host port '${port}'`
    if (seen.has(key)) throw clientException(`${key} is mapped multiple times in task.`)
    seen.add(key)
  }
}

function checkVolumes(input: RegisterTaskDefinitionInput): void {
  const names = new Set<string>()
  for (const { name } of input.volumes ?? []) {
    if (name === undefined || !NAME.test(name))
      throw clientException('Volume.name contains invalid characters or is empty.')
    if (names.has(name)) throw clientException(`Duplicate volume name: '${name}'.`)
    names.add(name)
  }
  for (const container of input.containerDefinitions ?? [])
    for (const { sourceVolume } of container.mountPoints ?? [])
      if (sourceVolume === undefined || !names.has(sourceVolume))
        throw clientException(`Unknown volume '${sourceVolume ?? ''}'.`)
}

function checkTaskSize(input: RegisterTaskDefinitionInput, containers: readonly ContainerDefinitionInput[]): void {
  const sum = (of: (c: ContainerDefinitionInput) => number | undefined): number =>
    containers.reduce((total, c) => total + (of(c) ?? 0), 0)
  if (input.cpu !== undefined && sum((c) => c.cpu) > Number(input.cpu))
    throw clientException("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.")
  if (input.memory === undefined) return
  for (const c of containers)
    if ((c.memory ?? 0) > Number(input.memory))
      throw clientException(`The 'memory' setting for container '${c.name}' is greater than for the task.`)
  if (sum((c) => c.memoryReservation) > Number(input.memory))
    throw clientException(
      "The sum of all container 'memoryReservation' values cannot be greater than the value of the task 'memory'.",
    )
}

function checkFargate(input: RegisterTaskDefinitionInput, options: EcsOptions): void {
  if (input.networkMode !== 'awsvpc') throw clientException("Fargate only supports network mode 'awsvpc'.")
  if (input.pidMode === 'host')
    throw clientException(
      "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
    )
  if (input.ipcMode !== undefined) throw clientException('Tasks using the Fargate launch type do not support ipcMode.')
  if (input.cpu === undefined) throw clientException("Fargate requires that 'cpu' be defined at the task level.")
  if (input.memory === undefined) throw clientException("Fargate requires that 'memory' be defined at the task level.")
  for (const { stopTimeout, name } of input.containerDefinitions ?? [])
    if (stopTimeout !== undefined && (stopTimeout < 2 || stopTimeout > 120))
      throw clientException(
        `Invalid setting for container '${name}'. 'stopTimeout' must be between 2 and 120 seconds on Fargate.`,
      )
  if (options.fargateSizes === 'checked' && !isFargateSize(Number(input.cpu), Number(input.memory)))
    throw clientException('No Fargate configuration exists for given values.')
}

function checkRole(role: string | undefined): void {
  if (role === undefined || role === '') return
  if (role.startsWith('arn:') ? !/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(role) : !/^[\w+=,.@/-]{1,128}$/.test(role))
    throw clientException('Role is not valid')
}
