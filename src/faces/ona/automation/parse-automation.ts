/** What tasks and services have in common, wire → record. Each throws `invalid_argument`. */

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

const LONGEST_COMMAND_BYTES = 131_000

/** The kernel takes no longer argument (MAX_ARG_STRLEN), and no NUL. */
export function parseCommand(field: string, command: string): string {
  if (command.includes('\0')) throw invalidArgument(`${field}: a NUL byte cannot be passed to a program`)
  if (Buffer.byteLength(command) > LONGEST_COMMAND_BYTES)
    throw invalidArgument(`${field}: value length must be at most ${LONGEST_COMMAND_BYTES} bytes`)
  return command
}
