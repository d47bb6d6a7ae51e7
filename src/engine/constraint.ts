/** The language of constraints, for faces that filter things of their own with it (lists of nodes). */
export { checkConstraint, type Subject, satisfies } from '../scheduler/constraint.ts'
