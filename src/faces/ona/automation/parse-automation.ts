/** What tasks and services have in common, wire → record. Each throws `invalid_argument`. */

import { type Duration, durationMs } from '@bufbuild/protobuf/wkt'
import { LONGEST_READINESS_MS } from '../../../workspaces/automations-keys.ts'
import { commandProblem } from '../../../workspaces/shell.ts'
import type { RunsOn as KeptRunsOn, TriggerName, Variable } from '../documents.ts'
import { invalidArgument } from '../errors.ts'
import type { AutomationTrigger, EnvironmentVariableItem, RunsOn } from '../gen/gitpod/v1/environment_automation_pb.js'
import { needText, needUuid } from '../wire/validate.ts'

/** A trigger that is false, or names nothing, triggers nothing. */
export function parseTriggers(triggers: readonly AutomationTrigger[]): readonly TriggerName[] {
  const names = triggers.flatMap(({ trigger }) => (trigger.case !== undefined && trigger.value ? [trigger.case] : []))
  return [...new Set(names)]
}

export function parseRunsOn(runsOn: RunsOn | undefined, field: string): KeptRunsOn | undefined {
  if (runsOn?.target.case === 'machine') return { kind: 'machine' }
  if (runsOn?.target.case !== 'docker') return undefined
  const { image, environment } = runsOn.target.value
  return { kind: 'docker', image: needText(`${field}.docker.image`, image), environment: [...environment] }
}

export const parseVariables = (items: readonly EnvironmentVariableItem[], field: string): readonly Variable[] =>
  items.map((item, i) => parseVariable(item, `${field}[${i}]`))

function parseVariable({ name, source }: EnvironmentVariableItem, field: string): Variable {
  needText(`${field}.name`, name)
  if (name.includes('=') || name.includes('\0'))
    throw invalidArgument(`${field}.name: ${JSON.stringify(name)} cannot name a variable`)
  if (source.case === 'value') return { name, value: source.value }
  if (source.case !== 'valueFrom') return { name, value: '' }
  const ref = source.value.source
  if (ref.case !== 'secretRef') throw invalidArgument(`${field}.value_from: a source is needed`)
  return { name, secret: needUuid(`${field}.value_from.secret_ref.id`, ref.value.id) }
}

export function parseCommand(field: string, command: string): string {
  const problem = commandProblem(command)
  if (problem !== undefined) throw invalidArgument(`${field}: ${problem}`)
  return command
}

/** ms; zero, and none, is undefined: no limit. */
export function parseReadiness(field: string, duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined
  const ms = durationMs(duration)
  if (ms < 0 || ms > LONGEST_READINESS_MS)
    throw invalidArgument(`${field}: value must be greater than or equal to 0s and less than or equal to 86400s`)
  return ms === 0 ? undefined : ms
}
