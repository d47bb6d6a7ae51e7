import { invalid } from '../core/engine-error.ts'
import type { Execution, ExecutionState } from '../core/execution.ts'
import { isFinal, isFinalState } from '../core/execution.ts'
import { EXECUTION_STATES } from '../core/execution-state.ts'
import type { AnyOf, ExecutionFilter } from '../core/ports/store.ts'
import { MOST_IDS, MOST_VALUES } from '../core/ports/store.ts'

/** What the filter means, said once without any index: the memory store uses it, the conformance suite compares to it. */
export function matchesExecution(execution: Execution, filter: ExecutionFilter): boolean {
  const { submission, status } = execution
  return (
    (filter.ids === undefined || filter.ids.includes(execution.id)) &&
    (filter.states === undefined || filter.states.includes(status.state)) &&
    (filter.active === undefined || filter.active !== isFinal(execution)) &&
    isAny(filter.task, submission.task?.name) &&
    isAny(filter.face, submission.face) &&
    isAny(filter.key, submission.key) &&
    isAny(filter.node, status.allocation?.node) &&
    isAny(filter.trigger, submission.trigger.kind) &&
    isAny(filter.name, submission.name) &&
    hasAll(submission.refs, filter.refs) &&
    hasAll(submission.labels, filter.labels) &&
    submission.acceptedAt >= (filter.acceptedFrom ?? Number.NEGATIVE_INFINITY) &&
    submission.acceptedAt < (filter.acceptedUntil ?? Number.POSITIVE_INFINITY)
  )
}

/** The values that will do, each once. */
export const valuesOf = (wanted: AnyOf): readonly string[] =>
  typeof wanted === 'string' ? [wanted] : [...new Set(wanted)]

/** Throws `invalid` for a filter that asks for more than can be answered in a moment. */
export function checkFilter(filter: ExecutionFilter): void {
  if (filter.ids && filter.ids.length > MOST_IDS) throw invalid('ids', `at most ${MOST_IDS} ids can be asked for`)
  const { task, face, key, node, trigger, name, refs, labels } = filter
  for (const [field, wanted] of Object.entries({ task, face, key, node, trigger, name, ...refs, ...labels }))
    if (Array.isArray(wanted) && wanted.length > MOST_VALUES)
      throw invalid(field, `at most ${MOST_VALUES} values can be asked for at once`)
}

const isAny = (wanted: AnyOf | undefined, actual: string | undefined): boolean =>
  wanted === undefined || wanted === actual || (Array.isArray(wanted) && wanted.includes(actual))

const hasAll = (
  actual: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, AnyOf>> | undefined,
): boolean => wanted === undefined || Object.entries(wanted).every(([name, value]) => isAny(value, actual[name]))

/** The answer to a count from the counts of all executions, where the filter asks for nothing but states. */
export function countsKept(
  filter: ExecutionFilter,
  all: Readonly<Record<ExecutionState, number>>,
): Readonly<Record<ExecutionState, number>> | undefined {
  const { states, active, ...rest } = filter
  if (Object.values(rest).some((condition) => condition !== undefined)) return undefined
  const counted = EXECUTION_STATES.map((state) => {
    const asked =
      (states === undefined || states.includes(state)) && (active === undefined || active !== isFinalState(state))
    return [state, asked ? all[state] : 0] as const
  })
  return Object.fromEntries(counted) as Record<ExecutionState, number>
}
