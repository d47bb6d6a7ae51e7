import { clientException } from '../errors.ts'
import type { ContainerDefinitionInput } from './container-definition-shape.ts'

/** `dependsOn`, `links` and `volumesFrom`: targets exist, conditions can hold, nothing waits for itself. */
export function checkDependencies(containers: readonly ContainerDefinitionInput[]): void {
  const byName = new Map(containers.map((c) => [c.name!, c]))
  for (const container of containers) {
    for (const dependency of container.dependsOn ?? []) checkCondition(container, dependency, byName)
    for (const target of impliedTargets(container))
      if (!byName.has(target))
        throw clientException(`Unknown container: '${target}' is named by container '${container.name}'.`)
  }
  for (const name of byName.keys()) checkCycle(name, byName, [])
}

/** Containers that must have started first, by `links` (`name:alias`) and `volumesFrom`. */
export const impliedTargets = (container: ContainerDefinitionInput): readonly string[] => [
  ...(container.links ?? []).map((link) => link.split(':')[0]!),
  ...(container.volumesFrom ?? []).map((from) => from.sourceContainer ?? ''),
]

function checkCondition(
  container: ContainerDefinitionInput,
  dependency: NonNullable<ContainerDefinitionInput['dependsOn']>[number],
  byName: ReadonlyMap<string, ContainerDefinitionInput>,
): void {
  const target = byName.get(dependency.containerName)
  if (!target)
    throw clientException(
      `Invalid 'dependsOn' setting for container '${container.name}': there is no container '${dependency.containerName}'.`,
    )
  const mustEnd = dependency.condition === 'COMPLETE' || dependency.condition === 'SUCCESS'
  if (mustEnd && (target.essential ?? true))
    throw clientException('A dependency container with SUCCESS or COMPLETE condition cannot be an essential container')
  if (dependency.condition === 'HEALTHY' && (!target.healthCheck || target.healthCheck.command[0] === 'NONE'))
    throw clientException(
      `Invalid 'dependsOn' setting for container '${container.name}': container '${target.name}' has no health check.`,
    )
}

function checkCycle(
  name: string,
  byName: ReadonlyMap<string, ContainerDefinitionInput>,
  path: readonly string[],
): void {
  if (path.includes(name))
    throw clientException(`Cycle in container dependencies: ${[...path.slice(path.indexOf(name)), name].join(' -> ')}.`)
  const container = byName.get(name)!
  const targets = [...(container.dependsOn ?? []).map((d) => d.containerName), ...impliedTargets(container)]
  for (const target of new Set(targets)) checkCycle(target, byName, [...path, name])
}
