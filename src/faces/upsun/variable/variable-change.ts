import type { DocumentChange } from '../../../engine/reactor.ts'
import type { VariableRecord } from '../documents.ts'

/** A variable as it will be when what it causes is accepted. */
export interface VariableChange {
  readonly name: string
  /** Absent: it is deleted. */
  readonly record?: VariableRecord
  readonly document: DocumentChange
}

/** An environment's variables, nearest last, as if it had been made already. */
export const withChange = (
  variables: readonly VariableRecord[],
  environment: string,
  { name, record }: VariableChange,
): readonly VariableRecord[] => [
  ...variables.filter((v) => v.name !== name || v.environment !== environment),
  ...(record ? [record] : []),
]
