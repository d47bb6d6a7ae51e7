/** How an execution may be placed on nodes. Faces compile their own languages (cluster queries, classes) into it. */
export interface PlacementSpec {
  readonly constraint?: Constraint
  readonly strategies?: readonly Strategy[]
  /** The only node that will do. */
  readonly node?: string
  /** At most one open allocation per node among executions whose ref `ref` has this value. */
  readonly distinctBy?: { readonly ref: string; readonly value: string }
}

/** An expression over a node's attributes. An absent attribute makes every comparison but `notExists` false. */
export type Constraint =
  | { readonly op: 'and' | 'or'; readonly of: readonly Constraint[] }
  | { readonly op: 'not'; readonly of: Constraint }
  | { readonly op: 'exists' | 'notExists'; readonly attribute: string }
  | {
      readonly op:
        | 'equals'
        | 'notEquals'
        | 'less'
        | 'lessOrEqual'
        | 'greater'
        | 'greaterOrEqual'
        | 'matches'
        | 'notMatches'
      readonly attribute: string
      readonly value: string
    }
  | { readonly op: 'in' | 'notIn'; readonly attribute: string; readonly values: readonly string[] }
  /** True on nodes that run (or, negated with `not`, do not run) an execution whose ref has this value. */
  | {
      readonly op: 'runs'
      readonly ref: string
      readonly cmp: 'equals' | 'notEquals' | 'matches' | 'in'
      readonly values: readonly string[]
    }

/** Applied in order: each one narrows the choice to the best by its measure. Default: random. */
export type Strategy =
  | { readonly kind: 'random' }
  /** Fewest executions of the same `among` ref value first, by node or by a node attribute. */
  | {
      readonly kind: 'spread'
      readonly by: 'node' | { readonly attribute: string }
      readonly among?: { readonly ref: string; readonly value: string }
    }
  /** Least remaining first. */
  | { readonly kind: 'binpack'; readonly by: 'cpu' | 'memory' }
