import { clientException } from '../errors.ts'
import type { ContainerDefinitionInput } from './container-definition-shape.ts'
import type { RegisterTaskDefinitionInput } from './task-definition-shape.ts'

const MINIMUM_MEMORY_MIB = 6
const MAX_ENVIRONMENT = 100

const setting = (container: ContainerDefinitionInput, problem: string): Error =>
  clientException(`Invalid setting for container '${container.name}'. ${problem}`)

/** One container on its own, within its definition's network mode. */
export function checkContainer(container: ContainerDefinitionInput, definition: RegisterTaskDefinitionInput): void {
  checkMemory(container, definition)
  checkNumbers(container)
  checkPorts(container, definition)
  checkLogs(container)
  checkHealth(container)
  checkRestart(container)
  checkEnvironment(container)
  if (definition.networkMode === 'awsvpc' && container.hostname)
    throw clientException('hostname is not supported on container when networkMode=awsvpc.')
  if ((container.links?.length ?? 0) > 0 && definition.networkMode !== undefined && definition.networkMode !== 'bridge')
    throw clientException(`Links are not supported when networkMode=${definition.networkMode}.`)
}

function checkMemory(container: ContainerDefinitionInput, definition: RegisterTaskDefinitionInput): void {
  const { memory, memoryReservation } = container
  if (memory === undefined && memoryReservation === undefined && definition.memory === undefined)
    throw setting(container, "At least one of 'memory' or 'memoryReservation' must be specified.")
  for (const [name, value] of [
    ['memory', memory],
    ['memoryReservation', memoryReservation],
  ] as const)
    if (value !== undefined && value < MINIMUM_MEMORY_MIB)
      throw setting(container, `'${name}' must be at least ${MINIMUM_MEMORY_MIB} MiB.`)
  if (memory !== undefined && memoryReservation !== undefined && memory < memoryReservation)
    throw setting(container, "The 'memory' must not be less than the 'memoryReservation'.")
}

function checkNumbers(container: ContainerDefinitionInput): void {
  for (const name of ['cpu', 'startTimeout', 'stopTimeout'] as const)
    if ((container[name] ?? 0) < 0) throw setting(container, `'${name}' cannot be negative.`)
}

function checkPorts(container: ContainerDefinitionInput, definition: RegisterTaskDefinitionInput): void {
  const mode = definition.networkMode
  const mappings = container.portMappings ?? []
  if (mode === 'none' && mappings.length > 0)
    throw clientException('When networkMode=none, port mappings are not supported.')
  const seen = new Set<string>()
  for (const { containerPort, hostPort, protocol = 'tcp', containerPortRange } of mappings) {
    if (containerPortRange !== undefined)
      throw setting(container, 'Port ranges are not supported here: list each port.')
    if (containerPort === undefined || !isPort(containerPort)) throw invalidPort(container, 'containerPort')
    if (hostPort !== undefined && hostPort !== 0 && !isPort(hostPort)) throw invalidPort(container, 'hostPort')
    if (
      (mode === 'awsvpc' || mode === 'host') &&
      hostPort !== undefined &&
      hostPort !== containerPort &&
      hostPort !== 0
    )
      throw clientException(`When networkMode=${mode}, the host ports and container ports in port mappings must match.`)
    const port = `${containerPort}/${protocol}`
    if (seen.has(port)) throw setting(container, `The container port ${port} is mapped twice.`)
    seen.add(port)
  }
}

const invalidPort = ({ name }: ContainerDefinitionInput, what: string): Error =>
  clientException(`Invalid '${what}' setting for container '${name}'.`)

const isPort = (port: number): boolean => port >= 1 && port <= 65_535

function checkLogs(container: ContainerDefinitionInput): void {
  const { logConfiguration: logs } = container
  if (logs?.logDriver !== 'awslogs') return
  const missing = ['awslogs-region', 'awslogs-group'].filter((name) => !logs.options?.[name])
  if (missing.length > 0) throw clientException('Log driver awslogs requires options: awslogs-region, awslogs-group')
}

function checkHealth(container: ContainerDefinitionInput): void {
  const check = container.healthCheck
  if (!check) return
  const problem = (what: string): Error => setting(container, `Health check ${what}.`)
  if (!['CMD', 'CMD-SHELL', 'NONE'].includes(check.command[0] ?? ''))
    throw problem('command must begin with CMD, CMD-SHELL or NONE')
  if (check.command[0] !== 'NONE' && check.command.length < 2) throw problem('command is empty')
  const bounds = [
    ['interval', check.interval, 5, 300],
    ['timeout', check.timeout, 2, 60],
    ['retries', check.retries, 1, 10],
    ['startPeriod', check.startPeriod, 0, 300],
  ] as const
  for (const [name, value, least, most] of bounds)
    if (value !== undefined && (value < least || value > most))
      throw problem(`${name} must be between ${least} and ${most}`)
}

function checkRestart(container: ContainerDefinitionInput): void {
  const policy = container.restartPolicy
  if (!policy) return
  const period = policy.restartAttemptPeriod
  if (period !== undefined && (period < 60 || period > 1800))
    throw setting(container, "Restart policy 'restartAttemptPeriod' must be between 60 and 1800.")
  if ((policy.ignoredExitCodes?.length ?? 0) > 50)
    throw setting(container, "Restart policy 'ignoredExitCodes' may list at most 50 codes.")
}

function checkEnvironment(container: ContainerDefinitionInput): void {
  const { environment = [], secrets = [], environmentFiles = [] } = container
  if (environment.length > MAX_ENVIRONMENT)
    throw setting(container, `At most ${MAX_ENVIRONMENT} environment variables are allowed.`)
  if (environmentFiles.length > 10) throw setting(container, 'At most 10 environment files are allowed.')
  for (const { name } of [...environment, ...secrets]) {
    if (name === undefined || name === '') throw setting(container, 'An environment variable has no name.')
    if (name.includes('=') || name.includes('\0'))
      throw setting(container, `'${name}' is not a name of an environment variable.`)
  }
}
