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
  for (const name of byName.keys()) {
    if (cycleFrom(name, (n) => linkedTargets(byName.get(n)!)))
      throw clientException('Container links should not have a cycle')
    const cycle = cycleFrom(name, (n) => allTargets(byName.get(n)!))
    if (cycle) throw clientException(`Cycle in container dependencies: ${cycle.join(' -> ')}.`)
  }
}

/** Containers that must have started first, by `links` (`name:alias`) and `volumesFrom`. */
export const impliedTargets = (container: ContainerDefinitionInput): readonly string[] => [
  ...linkedTargets(container),
  ...(container.volumesFrom ?? []).map((from) => from.sourceContainer ?? ''),
]

function checkCondition(
  container: ContainerDefinitionInput,
  dependency: NonNullable<ContainerDefinitionInput['dependsOn']>[number],
  byName: ReadonlyMap<string, ContainerDefinitionInput>,
): void {
  const target = byName.get(dependency.containerName)
  if (!target)
    throw clientException(`Cannot depend on container + '${dependency.containerName}' because it does not exist`)
  const mustEnd = dependency.condition === 'COMPLETE' || dependency.condition === 'SUCCESS'
  if (mustEnd && (target.essential ?? true))
    throw clientException('A dependency container with SUCCESS or COMPLETE condition cannot be an essential container')
  if (dependency.condition === 'HEALTHY' && (!target.healthCheck || target.healthCheck.command[0] === 'NONE'))
    throw clientException(
      `Invalid 'dependsOn' setting for container '${container.name}': container '${target.name}' has no health check.`,
    )
}

const linkedTargets = (container: ContainerDefinitionInput): readonly string[] =>
  (container.links ?? []).map((link) => link.split(':')[0]!)

const allTargets = (container: ContainerDefinitionInput): readonly string[] => [
  ...new Set([...(container.dependsOn ?? []).map((d) => d.containerName), ...impliedTargets(container)]),
]

/** The names from a container back to itself; undefined where nothing leads back. */
function cycleFrom(
  name: string,
  targetsOf: (name: string) => readonly string[],
  path: readonly string[] = [],
): readonly string[] | undefined {
  if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
  for (const target of targetsOf(name)) {
    const cycle = cycleFrom(target, targetsOf, [...path, name])
    if (cycle) return cycle
  }
  return undefined
}
