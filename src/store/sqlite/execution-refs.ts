import type { Submission } from '../../core/execution.ts'
import type { ExecutionFilter } from '../../core/ports/store.ts'

/** What an execution is found by, as rows of `refs`: written once, with the submission. */
export type Ref = readonly [name: string, value: string]

export const refsOf = (submission: Submission): readonly Ref[] => [
  ...present('key', submission.key),
  ...present('name', submission.name),
  ...present('task', submission.task?.name),
  ...all('ref', submission.refs),
  ...all('label', submission.labels),
  ...present('trigger', submission.trigger.kind),
  ...present('face', submission.face),
]

/** The rows a filter asks for, those that tell executions apart best first. */
export const refsOfFilter = (filter: ExecutionFilter): readonly Ref[] => [
  ...present('key', filter.key),
  ...present('name', filter.name),
  ...present('task', filter.task),
  ...all('ref', filter.refs ?? {}),
  ...all('label', filter.labels ?? {}),
  ...present('trigger', filter.trigger),
  ...present('face', filter.face),
]

const present = (name: string, value: string | undefined): readonly Ref[] =>
  value === undefined ? [] : [[name, value]]

const all = (prefix: string, values: Readonly<Record<string, string>>): readonly Ref[] =>
  Object.entries(values).map(([name, value]) => [`${prefix}:${name}`, value])
