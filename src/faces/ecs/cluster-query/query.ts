/** The cluster query language, parsed: `subject operator [argument]`, joined by and, or, not (ECS developer guide). */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query }
  | Comparison

export interface Comparison {
  readonly kind: 'compare'
  readonly subject: Subject
  readonly operator: Operator
  /** None for exists, several for in, else one. */
  readonly values: readonly string[]
}

export type Subject =
  | 'agentConnected'
  | 'agentVersion'
  | 'ec2InstanceId'
  | 'registeredAt'
  | 'runningTasksCount'
  | 'task:group'
  | { readonly attribute: string }

export type Operator =
  | 'equals'
  | 'notEquals'
  | 'greater'
  | 'greaterOrEqual'
  | 'less'
  | 'lessOrEqual'
  | 'exists'
  | 'notExists'
  | 'in'
  | 'notIn'
  | 'matches'
  | 'notMatches'

export const MAX_QUERY_LENGTH = 2000
