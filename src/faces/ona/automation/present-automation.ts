import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RunsOn, TriggerName, Variable } from '../documents.ts'
import type {
  AutomationTriggerSchema,
  EnvironmentVariableItemSchema,
  RunsOnSchema,
} from '../gen/gitpod/v1/environment_automation_pb.js'

export const presentTriggers = (names: readonly TriggerName[]): MessageInitShape<typeof AutomationTriggerSchema>[] =>
  names.map((name) => ({ trigger: { case: name, value: true } }))

export function presentRunsOn(runsOn: RunsOn | undefined): MessageInitShape<typeof RunsOnSchema> | undefined {
  if (runsOn === undefined) return undefined
  if (runsOn.kind === 'machine') return { target: { case: 'machine', value: {} } }
  const { image, environment } = runsOn
  return { target: { case: 'docker', value: { image, environment: [...environment] } } }
}

/** Secrets by reference, never by value. */
export const presentVariables = (
  variables: readonly Variable[],
): MessageInitShape<typeof EnvironmentVariableItemSchema>[] =>
  variables.map(({ name, value, secret }) =>
    secret === undefined
      ? { name, source: { case: 'value', value: value ?? '' } }
      : { name, source: { case: 'valueFrom', value: { source: { case: 'secretRef', value: { id: secret } } } } },
  )
