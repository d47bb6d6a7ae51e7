import type { Resources } from '../../../core/resources.ts'
import type { ContainerDefinition } from '../task-definition/task-definition.ts'

const MIB = 2 ** 20

export interface TaskSize {
  /** CPU units and MiB at task level, where given. */
  readonly cpu?: number
  readonly memory?: number
  /** Fargate keeps tasks below their CPU; EC2 lets them have what is idle. */
  readonly hard: boolean
}

/**
 * What each container reserves and may use. A size at task level is reserved whole: what the containers do not claim
 * goes to the first essential one, and is a limit for each.
 */
export function resourcesOfTask(containers: readonly ContainerDefinition[], size: TaskSize): readonly Resources[] {
  const main = Math.max(
    0,
    containers.findIndex((c) => c.essential),
  )
  const spareCpu = Math.max(0, (size.cpu ?? 0) - sum(containers.map((c) => c.cpu)))
  const spareMemory = Math.max(0, (size.memory ?? 0) - sum(containers.map(claimedMib)))
  // A task that asks for no CPU at all competes like any other program: shares of 0 would starve it beside them.
  const sharesCpu = size.cpu !== undefined || containers.some((c) => c.cpu > 0)
  return containers.map((container, i) => ({
    ...(sharesCpu && { cpuUnits: container.cpu + (i === main ? spareCpu : 0) }),
    ...limitsOf(container, size, i === main ? spareMemory : 0),
  }))
}

function limitsOf(container: ContainerDefinition, size: TaskSize, spareMemory: number): Resources {
  const limitMib = container.memory ?? size.memory
  return {
    ...(size.cpu !== undefined && size.hard && { cpuLimitUnits: size.cpu }),
    ...(limitMib !== undefined && { memoryBytes: limitMib * MIB }),
    reservedMemoryBytes: (claimedMib(container) + spareMemory) * MIB,
    ...pidsOf(container),
  }
}

/** A reservation counts for placing where there is one, else the limit. */
const claimedMib = (container: ContainerDefinition): number => container.memoryReservation ?? container.memory ?? 0

function pidsOf(container: ContainerDefinition): Pick<Resources, 'pids'> {
  const limit = container.ulimits?.find((u) => u.name === 'nproc')
  return limit ? { pids: limit.hardLimit } : {}
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
