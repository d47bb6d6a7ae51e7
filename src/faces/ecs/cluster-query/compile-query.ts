import type { Constraint } from '../../../core/placement.ts'
import { satisfies } from '../../../engine/constraint.ts'
import type { Comparison, Query } from './query.ts'
import { OWN_SUBJECTS, type QueryTarget, subjectOf } from './query-target.ts'

/** Node attributes by which this face marks the logical nodes it registers. */
export const CLUSTER_ATTRIBUTE = 'ecs.cluster'
export const INSTANCE_ATTRIBUTE = 'ecs.instance'

/** A query as the core's constraint, over subjects made by `subjectOf`. */
export function compileQuery(query: Query): Constraint {
  if (query.kind === 'compare') return compileComparison(query, 'task:group')
  if (query.kind === 'not') return { op: 'not', of: compileQuery(query.of) }
  return { op: query.kind, of: query.of.map(compileQuery) }
}

export const matchesQuery = (query: Query, target: QueryTarget): boolean =>
  satisfies(compileQuery(query), subjectOf(target))

/**
 * The same for placing on nodes: attributes and task groups are looked at when a task is placed; what only this face
 * knows of an instance (agent, registration, number of tasks) is looked at now, over `instances`. `groupRef`: where
 * groups of tasks stand.
 */
export function compileForPlacement(query: Query, instances: readonly QueryTarget[], groupRef: string): Constraint {
  const compiled = (part: Query): Constraint => compileForPlacement(part, instances, groupRef)
  if (query.kind === 'not') return { op: 'not', of: compiled(query.of) }
  if (query.kind !== 'compare') return { op: query.kind, of: query.of.map(compiled) }
  if (typeof query.subject === 'object' || query.subject === 'task:group') return compileComparison(query, groupRef)
  const ids = instances.filter((instance) => matchesQuery(query, instance)).map((instance) => instance.id)
  return { op: 'in', attribute: INSTANCE_ATTRIBUTE, values: ids }
}

function compileComparison(query: Comparison, groupRef: string): Constraint {
  if (query.subject === 'task:group') return groupConstraint(query, groupRef)
  const attribute = typeof query.subject === 'object' ? query.subject.attribute : OWN_SUBJECTS[query.subject]
  const { operator } = query
  const values = query.subject === 'registeredAt' ? query.values.map(spelledOut) : query.values
  if (operator === 'exists' || operator === 'notExists') return { op: operator, attribute }
  if (operator === 'in' || operator === 'notIn') return { op: operator, attribute, values }
  return { op: operator, attribute, value: values[0] ?? '' }
}

/** A time in the one spelling that `subjectOf` uses, so that order as text is order in time. */
const spelledOut = (time: string): string => {
  const at = Date.parse(time)
  return Number.isNaN(at) ? time : new Date(at).toISOString()
}

const not = (of: Constraint): Constraint => ({ op: 'not', of })

/** `!=` of a group means that no task of it is there, as `not(task:group == x)` does. */
function groupConstraint({ operator, values }: Comparison, ref: string): Constraint {
  const runs = (cmp: 'equals' | 'matches' | 'in', given = values): Constraint => ({
    op: 'runs',
    ref,
    cmp,
    values: given,
  })
  switch (operator) {
    case 'exists':
      return runs('matches', ['.*'])
    case 'notExists':
      return not(runs('matches', ['.*']))
    case 'in':
      return runs('in')
    case 'notIn':
      return not(runs('in'))
    case 'matches':
      return runs('matches')
    case 'notMatches':
      return not(runs('matches'))
    case 'notEquals':
      return not(runs('equals'))
    default:
      return runs('equals')
  }
}
