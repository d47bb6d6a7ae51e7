import type { Tenant } from '../../../core/identity.ts'
import type { Constraint, PlacementSpec, Strategy } from '../../../core/placement.ts'
import { CLUSTER_ATTRIBUTE, compileForPlacement, matchesQuery } from '../cluster-query/compile-query.ts'
import { parseQuery } from '../cluster-query/parse-query.ts'
import type { Query } from '../cluster-query/query.ts'
import { groupRefOf } from '../cluster-query/query-target.ts'
import { invalidParameter } from '../errors.ts'
import type { ContainerInstance } from '../instance/container-instance.ts'
import { list, oneOf, structure, text, type ValueOf } from '../wire/shape.ts'

export const placementConstraintsShape = list(
  structure({ type: oneOf('distinctInstance', 'memberOf'), expression: text }),
)
export const placementStrategyShape = list(structure({ type: oneOf('random', 'spread', 'binpack'), field: text }))
type ConstraintInput = ValueOf<typeof placementConstraintsShape>[number]
type StrategyInput = ValueOf<typeof placementStrategyShape>[number]

export interface PlacementWish {
  readonly tenant: Tenant
  readonly cluster: string
  readonly group: string
  readonly constraints: readonly ConstraintInput[]
  readonly strategies: readonly StrategyInput[]
  readonly instances: readonly ContainerInstance[]
}

const isMachine: Constraint = { op: 'notExists', attribute: CLUSTER_ATTRIBUTE }

/** Fargate tasks run on the machine itself: no container instance is involved. */
export const FARGATE_PLACEMENT: PlacementSpec = { constraint: isMachine }

/**
 * Where an EC2 task may go. Registered instances are found by the attribute that names their cluster, so that the choice
 * is made when there is room; the machine, which many clusters of many accounts share, is asked here and now.
 */
export function placementOfTask(wish: PlacementWish): PlacementSpec {
  const queries = wish.constraints.filter((c) => c.type === 'memberOf').map((c) => parseQuery(c.expression ?? ''))
  const machine = wish.instances.find((i) => i.machine)
  const takesMachine = machine?.status === 'ACTIVE' && queries.every((q) => matchesQuery(q, machine))
  const registered = registeredConstraint(wish, queries)
  const distinct = wish.constraints.some((c) => c.type === 'distinctInstance')
  const strategies = strategiesOf(wish)
  return {
    constraint: takesMachine ? { op: 'or', of: [isMachine, registered] } : registered,
    ...(strategies.length > 0 && { strategies }),
    ...(distinct && { distinctBy: { ref: groupRefOf(wish.tenant, wish.cluster), value: wish.group } }),
  }
}

function registeredConstraint(wish: PlacementWish, queries: readonly Query[]): Constraint {
  const groupRef = groupRefOf(wish.tenant, wish.cluster)
  const inCluster: Constraint = { op: 'equals', attribute: CLUSTER_ATTRIBUTE, value: wish.cluster }
  return { op: 'and', of: [inCluster, ...queries.map((q) => compileForPlacement(q, wish.instances, groupRef))] }
}

function strategiesOf({ tenant, cluster, strategies, group }: PlacementWish): readonly Strategy[] {
  if (strategies.length > 5) throw invalidParameter('Too many placement strategies. The limit is 5.')
  const among = { ref: groupRefOf(tenant, cluster), value: group }
  return strategies.map((s): Strategy => {
    if (s.type === 'binpack') {
      const by = s.field?.toLowerCase()
      if (by === 'cpu' || by === 'memory') return { kind: 'binpack', by }
      throw invalidParameter(
        `Invalid field '${s.field ?? ''}' for placement strategy binpack: it should be one of [cpu,memory].`,
      )
    }
    if (s.type === 'spread') return { kind: 'spread', by: spreadField(s.field), among }
    return { kind: 'random' }
  })
}

function spreadField(field: string | undefined): 'node' | { readonly attribute: string } {
  if (field === 'instanceId' || field === 'host') return 'node'
  if (field?.startsWith('attribute:') && field.length > 10) return { attribute: field.slice(10) }
  throw invalidParameter(
    `Invalid field '${field ?? ''}' for placement strategy spread: it should be instanceId, host or attribute:name.`,
  )
}

/** Throws InvalidParameterException when there are more than ten. */
export function checkedConstraints(given: readonly ConstraintInput[]): readonly ConstraintInput[] {
  if (given.length > 10) throw invalidParameter('Too many placement constraints. The limit is 10.')
  for (const c of given)
    if (c.type === 'distinctInstance' && c.expression)
      throw invalidParameter('Expression is not valid for distinctInstance.')
  return given
}
