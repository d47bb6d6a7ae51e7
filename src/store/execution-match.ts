import type { Execution } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import type { ExecutionFilter } from '../core/ports/store.ts'

/** What the filter means, said once without any index: the memory store uses it, the conformance suite compares to it. */
export function matchesExecution(execution: Execution, filter: ExecutionFilter): boolean {
  const { submission, status } = execution
  return (
    (filter.states === undefined || filter.states.includes(status.state)) &&
    (filter.active === undefined || filter.active !== isFinal(execution)) &&
    same(filter.task, submission.task?.name) &&
    same(filter.face, submission.face) &&
    same(filter.key, submission.key) &&
    same(filter.node, status.allocation?.node) &&
    same(filter.trigger, submission.trigger.kind) &&
    same(filter.name, submission.name) &&
    hasAll(submission.refs, filter.refs) &&
    hasAll(submission.labels, filter.labels) &&
    submission.acceptedAt >= (filter.acceptedFrom ?? Number.NEGATIVE_INFINITY) &&
    submission.acceptedAt < (filter.acceptedUntil ?? Number.POSITIVE_INFINITY)
  )
}

const same = (wanted: string | undefined, actual: string | undefined): boolean =>
  wanted === undefined || wanted === actual

const hasAll = (
  actual: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> | undefined,
): boolean => wanted === undefined || Object.entries(wanted).every(([name, value]) => actual[name] === value)
