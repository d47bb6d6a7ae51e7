/**
 * What an operator declares by variables of project or environment, and no task sees as such: where the services of
 * relationships are (`endpoint:db`), and where toolchains lie (`runtime:python:3.13`, or `runtime:python` for all).
 */
import type { VariableRecord } from '../documents.ts'

export const ENDPOINT_PREFIX = 'endpoint:'
const RUNTIME_PREFIX = 'runtime:'

export const isDeclaration = ({ name }: Pick<VariableRecord, 'name'>): boolean =>
  name.startsWith(ENDPOINT_PREFIX) || name.startsWith(RUNTIME_PREFIX)

/** Directories that go before PATH for this type, separated by `:`; the version's own before the runtime's. */
export function toolchainPath(type: string, variables: readonly VariableRecord[]): string | undefined {
  const [runtime = ''] = type.split(':')
  const declared = (name: string): string | undefined =>
    variables.findLast((v) => v.name === `${RUNTIME_PREFIX}${name}` && v.isEnabled)?.value
  return declared(type) ?? declared(runtime)
}
