import type { Submission } from '../../core/execution.ts'
import type { AnyOf, ExecutionFilter } from '../../core/ports/store.ts'
import { valuesOf } from '../execution-match.ts'

/** What an execution is found by, as rows of `refs`. An execution has at most one value of each name. */
export type Ref = readonly [name: string, value: string]

export const refsOf = (submission: Submission): readonly Ref[] => [
  ...present('key', submission.key),
  ...present('name', submission.name),
  ...present('task', submission.task?.name),
  ...all('ref', submission.refs),
  ...refsOfLabels(submission.labels),
  ...present('trigger', submission.trigger.kind),
  ...present('face', submission.face),
]

/** The rows that change when labels do. */
export const refsOfLabels = (labels: Submission['labels']): readonly Ref[] => all('label', labels)

/** A name and the values of which any will do. */
export type WantedRef = readonly [name: string, values: readonly string[]]

/** The rows a filter asks for, those that tell executions apart best first. */
export const refsOfFilter = (filter: ExecutionFilter): readonly WantedRef[] =>
  [
    ...present('key', filter.key),
    ...present('name', filter.name),
    ...present('task', filter.task),
    ...all<AnyOf>('ref', filter.refs ?? {}),
    ...all<AnyOf>('label', filter.labels ?? {}),
    ...present('trigger', filter.trigger),
    ...present('face', filter.face),
  ].map(([name, wanted]) => [name, valuesOf(wanted)])

const present = <Value>(name: string, value: Value | undefined): readonly (readonly [string, Value])[] =>
  value === undefined ? [] : [[name, value]]

const all = <Value>(prefix: string, values: Readonly<Record<string, Value>>): readonly (readonly [string, Value])[] =>
  Object.entries(values).map(([name, value]) => [`${prefix}:${name}`, value])
