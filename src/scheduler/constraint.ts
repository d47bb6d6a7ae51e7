import { EngineError, invalid } from '../core/engine-error.ts'
import type { Constraint } from '../core/placement.ts'
import { compareAttributes } from './attribute-order.ts'
import { matchesWhole, patternOf } from './pattern.ts'

/** What a constraint looks at: a node's attributes and what runs on it. */
export interface Subject {
  readonly attributes: Readonly<Record<string, string>>
  count(ref: string, value: string): number
  values(ref: string): Iterable<string>
}

type Comparison = Extract<Constraint, { attribute: string; value: string }>
type Runs = Extract<Constraint, { op: 'runs' }>

/** Whether it holds. Equality is of text; order is that of `compareAttributes`; patterns match the whole value, no pattern matches none. */
export function satisfies(constraint: Constraint, subject: Subject): boolean {
  switch (constraint.op) {
    case 'and':
      return constraint.of.every((part) => satisfies(part, subject))
    case 'or':
      return constraint.of.some((part) => satisfies(part, subject))
    case 'not':
      return !satisfies(constraint.of, subject)
    case 'exists':
      return attributeOf(subject, constraint.attribute) !== undefined
    case 'notExists':
      return attributeOf(subject, constraint.attribute) === undefined
    case 'in':
    case 'notIn': {
      const value = attributeOf(subject, constraint.attribute)
      return value !== undefined && constraint.values.includes(value) === (constraint.op === 'in')
    }
    case 'runs':
      return runs(constraint, subject)
    default: {
      const value = attributeOf(subject, constraint.attribute)
      return value !== undefined && compares(constraint, value)
    }
  }
}

const attributeOf = (subject: Subject, attribute: string): string | undefined =>
  Object.hasOwn(subject.attributes, attribute) ? subject.attributes[attribute] : undefined

function compares({ op, value: wanted }: Comparison, value: string): boolean {
  switch (op) {
    case 'equals':
      return value === wanted
    case 'notEquals':
      return value !== wanted
    case 'less':
      return compareAttributes(value, wanted) < 0
    case 'lessOrEqual':
      return compareAttributes(value, wanted) <= 0
    case 'greater':
      return compareAttributes(value, wanted) > 0
    case 'greaterOrEqual':
      return compareAttributes(value, wanted) >= 0
    case 'matches':
      return isMatched(wanted, value) === true
    case 'notMatches':
      return isMatched(wanted, value) === false
  }
}

/** Undefined for what is no pattern: one that was kept unchecked must not end the round for everybody else. */
function isMatched(text: string, value: string): boolean | undefined {
  try {
    return matchesWhole(patternOf(text), value)
  } catch (error) {
    if (error instanceof EngineError) return undefined
    throw error
  }
}

function runs({ ref, cmp, values }: Runs, subject: Subject): boolean {
  if (cmp === 'equals' || cmp === 'in') return values.some((value) => subject.count(ref, value) > 0)
  for (const present of subject.values(ref)) {
    const holds = cmp === 'matches' ? values.some((text) => isMatched(text, present)) : !values.includes(present)
    if (holds) return true
  }
  return false
}

/** Whether it depends on what runs on a node, not on the node's attributes alone. */
export function looksAtRuns(constraint: Constraint): boolean {
  if (constraint.op === 'and' || constraint.op === 'or') return constraint.of.some(looksAtRuns)
  return constraint.op === 'not' ? looksAtRuns(constraint.of) : constraint.op === 'runs'
}

const DEEPEST = 50

/** Throws EngineError `invalid` naming the field, e.g. `placement.constraint.of[1].value`. To be called before a constraint is kept. */
export function checkConstraint(constraint: Constraint, path: string, depth = 0): void {
  if (depth > DEEPEST) throw invalid(path, `a constraint may be nested ${DEEPEST} deep at most`)
  if (constraint.op === 'and' || constraint.op === 'or') {
    constraint.of.forEach((part, at) => {
      checkConstraint(part, `${path}.of[${at}]`, depth + 1)
    })
  } else if (constraint.op === 'not') checkConstraint(constraint.of, `${path}.of`, depth + 1)
  else if (constraint.op === 'matches' || constraint.op === 'notMatches') patternOf(constraint.value, `${path}.value`)
  else if (constraint.op === 'runs' && constraint.cmp === 'matches') {
    constraint.values.forEach((text, at) => {
      patternOf(text, `${path}.values[${at}]`)
    })
  }
}
